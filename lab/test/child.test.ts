/** Programs that the lab starts, and how it learns that they ended. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startChild } from '../src/child.js';
import type { Child } from '../src/child.js';

async function start(...command: [string, ...string[]]): Promise<{ child: Child; log: string }> {
  const log = join(await mkdtemp(join(tmpdir(), 'tcewatch-child-')), 'log');
  return { child: await startChild(command, log, 'ignore'), log };
}

it('tells that a program ran until it was stopped', async () => {
  const { child } = await start('sleep', '3600');
  expect(await child.stop('SIGKILL')).toBe(true);
});

it('tells that a program had ended by itself, and keeps what it said', async () => {
  const { child, log } = await start('sh', '-c', 'echo because >&2; exit 1');
  await child.ended;
  expect(await child.stop('SIGKILL')).toBe(false);
  expect(await readFile(log, 'utf8')).toBe('because\n');
});
