/** One child process of the embedded ClickHouse, from its first word to its end. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BaseLogger } from 'pino';
import { StoreError } from '../model.js';
import type { ServeReply, ServeRequest } from './messages.js';

/** A child that serves. */
export interface Child {
  readonly port: number;
  readonly pid: number | undefined;
  /** Resolves when it is gone. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** Lets it finish what it runs, for a while; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Compiled file that the process runs, found from `src` and from `dist` alike. */
const PROGRAM = fileURLToPath(new URL('../../dist/embedded-clickhouse/child.js', import.meta.url));
/** Milliseconds that a child may take to finish what it runs; what it acknowledged survives SIGKILL too. */
const STOP_WITHIN_MS = 20_000;
/** Lines of the engine's own words that go into an error. */
const LAST_WORDS = 20;
/** Statements that run at a time; the engine runs each on a thread of libuv's pool. */
const THREADS = 16;

/** Resolves when the child serves; rejects with StoreError when it cannot. */
export async function startChild(request: ServeRequest, log: BaseLogger): Promise<Child> {
  const child = fork(PROGRAM, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...process.env, UV_THREADPOOL_SIZE: String(THREADS) },
  });
  const words = listen(child, log);
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }));
  // One that was killed by then is told of by its end.
  child.send(request, () => undefined);
  const reply = await Promise.race([once(child, 'message').then(([message]) => message as ServeReply), ended]);
  if ('serving' in reply) {
    return { port: reply.serving.port, pid: child.pid, ended, stop: () => stop(child, ended) };
  }
  // The engine's own words may come after the reply.
  await ended;
  const said = words.join('\n');
  if ('failed' in reply) throw explain(reply.failed, request, said);
  const how = reply.signal ?? `code ${reply.code ?? 'unknown'}`;
  throw new StoreError(
    `the embedded ClickHouse on ${request.directory} ended (${how}) before it served: ${said}`,
    true,
  );
}

/** Logs what the engine says and keeps its last words. */
function listen(child: ChildProcess, log: BaseLogger): string[] {
  const words: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface(stream).on('line', (line) => {
      log.warn({ pid: child.pid }, `clickhouse: ${line}`);
      if (words.push(line) > LAST_WORDS) words.shift();
    });
  }
  return words;
}

async function stop(child: ChildProcess, ended: Child['ended']): Promise<void> {
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(late);
}

type Failed = Extract<ServeReply, { failed: unknown }>['failed'];

function explain({ reason, message }: Failed, { directory, port }: ServeRequest, said: string): StoreError {
  const detail = [message, said].filter(Boolean).join('\n');
  switch (reason) {
    case 'engine-missing':
      return new StoreError(
        `the embedded ClickHouse (npm package chdb) cannot be loaded on ${process.platform}-${process.arch}; ` +
          `give the URL of a ClickHouse server instead (clickhouse.url): ${detail}`,
        false,
      );
    case 'port':
      return new StoreError(
        `the embedded ClickHouse cannot listen on 127.0.0.1:${port}; choose another port, or 0 for a free one: ${detail}`,
        false,
      );
    case 'directory':
      if (said.includes('Another server instance')) {
        return new StoreError(
          `cannot open ClickHouse's data in ${directory}: another collector uses it; ` +
            'run `tcewatch-collector clickhouse` once and give its URL to both',
          false,
        );
      }
      return new StoreError(
        `cannot open ClickHouse's data in ${directory}; check that the directory can be written and its disk has room: ` +
          detail,
        false,
      );
  }
}
