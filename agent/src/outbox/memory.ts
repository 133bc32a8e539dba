/**
 * Batches that wait in memory for a transport, delivered oldest first with as many at once as wait. What fails for now is
 * tried again with growing, jittered delays for as long as the agent runs, while the queue thins.
 */
import { EventEmitter, once } from 'node:events';
import pRetry from 'p-retry';
import type { Logger } from 'pino';
import type { EncodedBatch, Refusal, Transport } from '../transport/transport.js';
import type { Outbox, OutboxStats } from './outbox.js';
import { ThinningQueue } from './queue.js';
import type { QueueLimits } from './queue.js';

export interface MemoryOutboxOptions {
  transport: Transport;
  limits: QueueLimits;
  backoff: { firstMs: number; longestMs: number };
  /** Waits as long as the other side asked for, or until the signal is aborted. */
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  log: Logger;
}

/** The kind of trouble that lasts until an attempt is taken or refused. */
const OUTAGE = 'outage';

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

export class MemoryOutbox implements Outbox {
  readonly name: string;
  readonly #options: MemoryOutboxOptions;
  readonly #queue: ThinningQueue;
  readonly #closing = new AbortController();
  readonly #events = new EventEmitter();
  readonly #rejected = new Map<string, number>();
  #delivered = 0;
  #retried = 0;
  #newestDeliveredMs: number | undefined;
  /** The kinds of trouble that were logged since the last attempt without any: each is one line and their end another. */
  readonly #troubles = new Set<string>();
  /** Batches of the next attempt; fewer for a while when the other side does not take so many at once. */
  #most: number;
  #pump: Promise<void> | undefined;

  constructor(options: MemoryOutboxOptions) {
    this.#options = options;
    this.name = options.transport.name;
    this.#most = options.transport.most.batches;
    this.#queue = new ThinningQueue(options.limits);
    // `room` and `drain` each listen while they wait.
    this.#events.setMaxListeners(0);
  }

  get stats(): OutboxStats {
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
    await this.#pump;
    await this.#options.transport.close();
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
    const { transport } = this.#options;
    const batches = this.#queue.oldest({ ...transport.most, batches: this.#most });
    if (batches.length === 0) return;
    const verdict = await transport.deliver(batches, this.#closing.signal);
    if (verdict.kind === 'retry') throw new RetryError(verdict.message, verdict.afterMs);
    if (verdict.kind === 'settled') {
      this.#settle(batches, verdict.refusals);
    } else {
      this.#retried++;
      this.#most = Math.max(1, Math.floor(batches.length / 2));
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
      this.#options.log.info({ transport: this.name }, 'delivering again');
      this.#troubles.clear();
    }
    this.#most = Math.min(this.#most * 2, this.#options.transport.most.batches);
    this.#events.emit('settled');
  }

  #acknowledge(batch: EncodedBatch): void {
    this.#delivered++;
    this.#newestDeliveredMs = Math.max(this.#newestDeliveredMs ?? -Infinity, batch.takenMs);
  }

  #reject({ reason, message }: Refusal): void {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1);
    this.#logTrouble(reason, `batches are refused for good (${message}); they are dropped`);
  }

  #logTrouble(kind: string, message: string): void {
    if (!this.#troubles.has(kind)) this.#options.log.warn({ transport: this.name }, message);
    this.#troubles.add(kind);
  }
}
