/** Temporary directories, an engine on one, and a log that remembers, for tests of the embedded ClickHouse and of the store on it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BaseLogger } from 'pino';
import { openEngine } from '../../src/embedded-clickhouse/engine.js';
import type { Engine } from '../../src/embedded-clickhouse/engine.js';

export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'tcewatch-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** The engine on a directory of its own, which is removed when the engine closes. */
export async function temporaryEngine(): Promise<Engine> {
  const directory = await temporaryDirectory();
  const engine = await openEngine(directory.path);
  const close = async (): Promise<void> => {
    await engine.close();
    await directory.remove();
  };
  return { ...engine, close };
}

/** A disk of so many megabytes, in memory; mounting it needs root. */
export async function smallDisk(megabytes: number): Promise<{ path: string; remove(): Promise<void> }> {
  const directory = await temporaryDirectory();
  const { path } = directory;
  await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tcewatch-test', path]);
  return {
    path,
    remove: async () => {
      await promisify(execFile)('umount', [path]);
      await directory.remove();
    },
  };
}

/** A log that keeps what it is told. */
export function rememberingLog(): BaseLogger & { messages: string[] } {
  const messages: string[] = [];
  const keep = (context: unknown, message?: string): void => {
    messages.push(message ?? String(context));
  };
  return {
    level: 'trace',
    msgPrefix: undefined,
    messages,
    fatal: keep,
    error: keep,
    warn: keep,
    info: keep,
    debug: keep,
    trace: keep,
    silent: keep,
  };
}
