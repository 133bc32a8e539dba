/** A program that lives no longer than this one. */
import type { ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import { spawnBound } from '@tcewatch/testing/bound-child';

export interface Child {
  process: ChildProcess;
  /** Resolves when the program has ended, or could not be started. */
  ended: Promise<void>;
  /** Resolves once it has ended, to whether it was still running when it was asked to end. */
  stop(signal: NodeJS.Signals): Promise<boolean>;
}

/** Starts a program; what it writes to standard error goes to the file `log`, and its standard output to `stdout`. */
export async function startChild(
  command: readonly [string, ...string[]],
  log: string,
  stdout: 'pipe' | 'ignore',
): Promise<Child> {
  const file = await open(log, 'w');
  const child = spawnBound(command, { stdio: ['ignore', stdout, file.fd] });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', () => {
      resolve();
    });
  }).finally(() => file.close());
  const stop = async (signal: NodeJS.Signals): Promise<boolean> => {
    const running = child.kill(signal);
    await ended;
    return running;
  };
  return { process: child, ended, stop };
}
