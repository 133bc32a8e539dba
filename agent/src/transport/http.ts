/**
 * Delivers batches to a collector by `POST /v1/batches`, oldest first, one request at a time with as many as wait. What
 * fails for now is tried again with growing, jittered delays for as long as the agent runs, while the queue in front of
 * it thins.
 */
import { EventEmitter, once } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { frameBatches } from '@tcewatch/protocol';
import pRetry from 'p-retry';
import type { Logger } from 'pino';
import { judge } from './answer.js';
import type { Refusal, Verdict } from './answer.js';
import { post } from './post.js';
import { ThinningQueue } from './queue.js';
import type { QueueLimits } from './queue.js';
import type { EncodedBatch, Transport, TransportStats } from './transport.js';

export interface HttpTransportOptions {
  /** The collector; `v1/batches` is below its path. */
  url: string;
  token?: string | undefined;
  /** PEM texts. */
  tls: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined };
  gzip: boolean;
  /** How long one attempt may take. */
  timeoutMs: number;
  backoff: { firstMs: number; longestMs: number };
  queue: QueueLimits;
  /** Waits as long as a server asked for, or until the signal is aborted. */
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  log: Logger;
}

/**
 * What one request may hold, before compression: a store takes batches of one insert for a fraction of what each costs
 * alone, and collectors take 8 MiB unless they are told otherwise.
 */
const LARGEST_REQUEST: Readonly<QueueLimits> = { batches: 256, bytes: 4 * 1024 * 1024 };
/** The kind of trouble that no answer is. */
const OUTAGE = 'outage';

const compress = promisify(gzip);

/** An attempt that is worth another. */
class RetryError extends Error {
  override readonly name = 'RetryError';

  constructor(
    message: string,
    readonly afterMs: number,
  ) {
    super(message);
  }
}

export class HttpTransport implements Transport {
  readonly name = 'http';
  readonly #options: HttpTransportOptions;
  readonly #target: URL;
  readonly #agent: HttpAgent;
  readonly #headers: Record<string, string>;
  readonly #queue: ThinningQueue;
  readonly #closing = new AbortController();
  readonly #events = new EventEmitter();
  readonly #rejected = new Map<string, number>();
  #delivered = 0;
  #retried = 0;
  #newestDeliveredMs: number | undefined;
  /** The kinds of trouble that were logged since the last request without any: each is one line and their end another. */
  readonly #troubles = new Set<string>();
  /** Batches of the next request; fewer for a while when a collector takes no request of so many. */
  #most = LARGEST_REQUEST.batches;
  #pump: Promise<void> | undefined;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#target = new URL('v1/batches', options.url.replace(/\/*$/, '/'));
    const secure = this.#target.protocol === 'https:';
    this.#agent = secure ? new HttpsAgent({ keepAlive: true, ...options.tls }) : new HttpAgent({ keepAlive: true });
    this.#headers = {
      'content-type': 'application/x-protobuf',
      ...(options.gzip && { 'content-encoding': 'gzip' }),
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
    };
    this.#queue = new ThinningQueue(options.queue);
    // `room` and `drain` each listen while they wait.
    this.#events.setMaxListeners(0);
  }

  get stats(): TransportStats {
    return {
      delivered: this.#delivered,
      rejected: this.#rejected,
      retried: this.#retried,
      thinned: this.#queue.thinned,
      discarded: this.#queue.discarded,
      queuedBatches: this.#queue.length,
      queuedBytes: this.#queue.bytes,
      newestDeliveredMs: this.#newestDeliveredMs,
    };
  }

  send(batch: EncodedBatch): void {
    if (this.#closing.signal.aborted) return;
    this.#queue.push(batch);
    this.#pump ??= this.#deliverAll();
  }

  room(signal: AbortSignal): Promise<void> {
    return this.#until(() => this.#queue.hasRoom, signal);
  }

  drain(signal: AbortSignal): Promise<void> {
    return this.#until(() => this.#queue.length === 0, signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    // Ends the attempt under way. (AbortSignal.any of a signal that lives as long as this would leak with each attempt.)
    this.#agent.destroy();
    await this.#pump;
  }

  async #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    while (!condition()) await once(this.#events, 'settled', { signal });
  }

  async #deliverAll(): Promise<void> {
    const { signal } = this.#closing;
    const { backoff, sleep } = this.#options;
    while (this.#queue.length > 0 && !signal.aborted) {
      await pRetry(() => this.#deliverOldest(), {
        retries: Infinity,
        minTimeout: backoff.firstMs,
        maxTimeout: backoff.longestMs,
        randomize: true,
        signal,
        onFailedAttempt: async ({ error }) => {
          if (signal.aborted) return;
          this.#retried++;
          this.#logTrouble(OUTAGE, `cannot deliver: ${error.message}; batches are kept and tried again`);
          if (error instanceof RetryError && error.afterMs > 0) await sleep(error.afterMs, signal);
        },
      }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
    // Here and not in a `finally` of the promise: a batch sent before that ran would wait for the one after it.
    this.#pump = undefined;
  }

  /** One attempt; whichever batches are the oldest by then, since thinning goes on between attempts. */
  async #deliverOldest(): Promise<void> {
    const batches = this.#queue.oldest({ ...LARGEST_REQUEST, batches: this.#most });
    if (batches.length === 0) return;
    const verdict = await this.#attempt(batches);
    if (verdict.kind === 'retry') throw new RetryError(verdict.message, verdict.afterMs);
    if (verdict.kind === 'settled') {
      this.#settle(batches, verdict.refusals);
    } else {
      this.#retried++;
      this.#most = Math.floor(batches.length / 2);
    }
  }

  async #attempt(batches: readonly EncodedBatch[]): Promise<Verdict> {
    const { timeoutMs } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const framed = frameBatches(batches.map(({ bytes }) => bytes));
      const body = this.#options.gzip ? await compress(framed) : framed;
      this.#closing.signal.throwIfAborted();
      const answer = await post({
        url: this.#target,
        agent: this.#agent,
        headers: this.#headers,
        body,
        signal: timeout,
      });
      return judge(answer, Date.now(), batches.length);
    } catch (error) {
      const message = timeout.aborted ? `no answer within ${timeoutMs} ms` : describe(error);
      return { kind: 'retry', afterMs: 0, message };
    }
  }

  #settle(batches: readonly EncodedBatch[], refusals: ReadonlyMap<number, Refusal>): void {
    const troubled = this.#troubles.size > 0;
    this.#troubles.delete(OUTAGE);
    for (const [i, batch] of batches.entries()) {
      this.#queue.remove(batch);
      const refusal = refusals.get(i);
      if (refusal) this.#reject(refusal);
      else this.#acknowledge(batch);
    }
    if (troubled && refusals.size === 0) {
      this.#options.log.info({ url: this.#target.href }, 'delivering again');
      this.#troubles.clear();
    }
    this.#most = Math.min(this.#most * 2, LARGEST_REQUEST.batches);
    this.#events.emit('settled');
  }

  #acknowledge(batch: EncodedBatch): void {
    this.#delivered++;
    this.#newestDeliveredMs = Math.max(this.#newestDeliveredMs ?? -Infinity, batch.takenMs);
  }

  #reject({ reason, message }: Refusal): void {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1);
    this.#logTrouble(reason, `the collector refuses batches (${message}); they are dropped`);
  }

  #logTrouble(kind: string, message: string): void {
    if (!this.#troubles.has(kind)) this.#options.log.warn({ url: this.#target.href }, message);
    this.#troubles.add(kind);
  }
}

/** Node reports a refused connection to a name with several addresses as an AggregateError without a message. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
