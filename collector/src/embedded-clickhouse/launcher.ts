/** Starts the embedded ClickHouse in a child process, watches it, and starts it again when it dies. */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import type { ReadOnlyUser } from './read-only-user.js';
import { startChild } from './start-child.js';
import type { Child } from './start-child.js';

export interface EmbeddedOptions {
  /** Where the data lives; made when it is not there, kept across restarts. */
  directory: string;
  /** TCP port on 127.0.0.1; 0 or absent takes a free one, which then stays the same when the child is started again. */
  port?: number;
  /** Password of the user who may do everything. Default: a random one. */
  password?: string;
  /** User who may only read. Default: none. */
  reader?: ReadOnlyUser | undefined;
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

const USERNAME = 'tcewatch';
/** Waiting time before a dead child is started again, doubled up to the longest for one that did not live that long. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 30_000;

/** Resolves when the child answers; rejects with StoreError in the words of the fix. */
export async function startEmbeddedClickHouse(options: EmbeddedOptions): Promise<EmbeddedClickHouse> {
  const { directory, log } = options;
  const password = options.password ?? randomBytes(24).toString('base64url');
  const request = { directory, port: options.port ?? 0, username: USERNAME, password, reader: options.reader };
  const first = await startChild(request, log);
  const { port } = first;
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  let child: Child | undefined = first;
  let restarts = 0;

  async function watch(): Promise<void> {
    let delay = FIRST_WAIT_MS;
    while (child) {
      const startedAt = performance.now();
      const how = await child.ended;
      child = undefined;
      if (isClosing()) return;
      log.error({ directory, ...how }, 'the embedded ClickHouse ended unexpectedly; starting it again');
      if (performance.now() - startedAt > LONGEST_WAIT_MS) delay = FIRST_WAIT_MS;
      while (!child) {
        await wait(delay, undefined, { signal: closing.signal }).catch(() => undefined);
        if (isClosing()) return;
        delay = Math.min(delay * 2, LONGEST_WAIT_MS);
        child = await startChild({ ...request, port }, log).catch((error: unknown) => {
          log.error({ directory, err: error }, 'the embedded ClickHouse could not be started again');
          return undefined;
        });
      }
      restarts++;
      if (isClosing()) await child.stop();
    }
  }
  const watched = watch();

  return {
    url: `http://127.0.0.1:${port}`,
    username: USERNAME,
    password,
    get pid() {
      return child?.pid;
    },
    get restarts() {
      return restarts;
    },
    close: async () => {
      closing.abort();
      await child?.stop();
      await watched;
    },
  };
}
