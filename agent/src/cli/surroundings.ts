/** All that the commands take from outside, so that tests can give it. */
import type { Pace } from '../sources/pace.js';
import type { Environment } from '../config/load.js';
import type { ProgressStream } from './progress.js';
import type { LogLevel } from '../log/log.js';
import type { Logger } from 'pino';

export interface Surroundings {
  env: Environment;
  stdout: { write(text: string): unknown };
  stderr: ProgressStream;
  /** Aborted when the program is asked to stop. */
  stop: AbortSignal;
  version: string;
  pace: Pace;
  createLog: (options: { level: LogLevel }) => Logger;
}

/** Something that went wrong and was foreseen: the message is for the operator, and the program ends with 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
