/** The lab's end of a shell with the real other end, which here runs in this machine's bash. */
import { spawn } from 'node:child_process';
import { Duplex, PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { BootTimeout, LabError } from '../src/errors.js';
import { openShell } from '../src/shell.js';
import type { Shell } from '../src/shell.js';

const SERVE = fileURLToPath(new URL('../image/serve.sh', import.meta.url));
const AMPLE_MS = 60_000;
let stop = (): void => undefined;

async function open(shell = 'bash'): Promise<Shell> {
  const child = spawn(shell, ['-c', `. ${SERVE}; serve`], { stdio: ['pipe', 'pipe', 'inherit'] });
  stop = () => child.kill();
  return openShell('test', Promise.resolve(Duplex.from({ readable: child.stdout, writable: child.stdin })), AMPLE_MS);
}

afterEach(() => {
  stop();
});

describe.each(['bash', 'sh'])('a shell served by %s', (kind) => {
  it('answers what a script prints', async () => {
    const shell = await open(kind);
    expect(await shell.run('for i in 1 2; do\n  echo "line $i"; done\nprintf %s \'a\\b\' >&2')).toBe(
      'line 1\nline 2\na\\b',
    );
    expect(await shell.run('true')).toBe('');
    expect(await shell.run('printf "no newline at the end"')).toBe('no newline at the end');
  });

  it('tells of a script that fails, in its words, and goes on', async () => {
    const shell = await open(kind);
    await expect(shell.run('echo because; exit 3')).rejects.toThrow(/exit code 3 .*because/s);
    await expect(shell.run('set -e; false; echo never')).rejects.toThrow(LabError);
    expect(await shell.run('echo on')).toBe('on');
  });

  it('runs scripts one after the other', async () => {
    const shell = await open(kind);
    expect(await Promise.all([shell.run('x=1; echo a'), shell.run('echo b$x')])).toEqual(['a', 'b']);
  });
});

describe('a shell', () => {
  it('says so when the other end goes away', async () => {
    const shell = await open();
    await expect(shell.run('kill -9 $$')).rejects.toThrow(/test is gone/);
  });

  it('says so when a script is stuck', async () => {
    const shell = await open();
    await expect(shell.run('sleep 1', 1)).rejects.toThrow(/stuck/);
  });

  it('has not come up when nobody serves', async () => {
    await expect(openShell('test', Promise.resolve(new PassThrough()), 1)).rejects.toThrow(BootTimeout);
  });
});
