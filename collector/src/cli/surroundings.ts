/** All that the commands take from outside, so that tests can give it. */
import type { Logger } from 'pino';
import type { CollectorConfig, Environment } from '../config/index.js';

export interface Surroundings {
  env: Environment;
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown };
  /** Aborted when the program is asked to stop. */
  stop: AbortSignal;
  version: string;
  createLog: (options: CollectorConfig['log']) => Logger;
}

/** Something that went wrong and was foreseen: the message is for the operator, and the program ends with 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Resolves when the program is asked to stop. */
export function stopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => {
      resolve();
    });
  });
}
