/** Temporary directories and a log that remembers, for tests of the embedded ClickHouse and of the store on it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BaseLogger } from 'pino';

export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'tcewatch-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
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
