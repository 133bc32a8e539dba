/** How a child begins, and what it makes of its surroundings. */
import * as childProcess from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { rememberingLog } from '@tcewatch/testing/remembering-log';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startChild } from '../../src/embedded-clickhouse/start-child.js';

vi.mock(import('node:child_process'), async (load) => ({ ...(await load()) }));

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await directory.remove();
});

const request = () => ({ directory: directory.path, port: 0, username: 'u', password: 'p', reader: undefined });

it('says that a child was killed before it heard what to serve', async () => {
  const { fork } = await vi.importActual<typeof childProcess>('node:child_process');
  vi.spyOn(childProcess, 'fork').mockImplementation((...of: Parameters<typeof fork>) => {
    const child = fork(...of);
    child.kill('SIGKILL');
    while (!/^State:\s[XZ]/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8')));
    return child;
  });
  await expect(startChild(request(), rememberingLog())).rejects.toThrow(/ended \(SIGKILL\) before it served/);
});

it.each(['config.xml', 'clickhouse-local.xml', '.clickhouse-local/config.xml'])(
  'reads no %s of the directory that it is started in, of its home, or of its data',
  async (name) => {
    const surroundings = join(directory.path, 'surroundings');
    for (const one of [surroundings, directory.path]) {
      await mkdir(dirname(join(one, name)), { recursive: true });
      await writeFile(join(one, name), 'no XML');
    }
    const { fork } = await vi.importActual<typeof childProcess>('node:child_process');
    vi.spyOn(childProcess, 'fork').mockImplementation(((program: string, options: childProcess.ForkOptions) =>
      fork(program, { ...options, cwd: surroundings, env: { ...options.env, HOME: surroundings } })) as typeof fork);
    const child = await startChild(request(), rememberingLog());
    expect(child.port).toBeGreaterThan(0);
    await child.stop();
  },
);
