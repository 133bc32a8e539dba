/**
 * Brings what waits to the transport. The newest batch goes at once, since alerting needs it; those that an outage has
 * left behind go with it or after it, oldest first and at a limited rate, so that a fleet does not fall upon a collector
 * that has just come back. What fails for now is tried again with growing, jittered delays for as long as the agent runs.
 */
import { EventEmitter, once } from 'node:events';
import pRetry from 'p-retry';
import type { Logger } from 'pino';
import type { Pace } from '../clock.js';
import type { Refusal, Transport, Verdict } from '../transport/transport.js';
import type { Backlog, Waiting } from './backlog.js';

export interface PumpOptions {
  transport: Transport;
  backlog: Backlog;
  /** Batches per second, besides the newest; undefined: all in order, as fast as they are taken. */
  catchUp: number | undefined;
  backoff: { firstMs: number; longestMs: number };
  pace: Pace;
  log: Logger;
}

/** The kind of trouble that lasts until an attempt is taken or refused. */
const OUTAGE = 'outage';

/** Error for an attempt that is worth another. */
class RetryError extends Error {
  override readonly name = 'RetryError';

  constructor(
    message: string,
    readonly afterMs: number,
  ) {
    super(message);
  }
}

export class Pump {
  readonly #options: PumpOptions;
  readonly #closing = new AbortController();
  readonly #events = new EventEmitter();
  readonly #rejected = new Map<string, number>();
  #delivered = 0;
  #retried = 0;
  #newestDeliveredMs: number | undefined;
  /** The newest batch of all, until it is settled. */
  #newest: Waiting | undefined;
  /** Time at which the batches left behind may go on. */
  #catchUpMs = -Infinity;
  /** Ends the wait for that time. */
  #wait: AbortController | undefined;
  /** Kinds of trouble that were logged since the last attempt without any: each is one line, and their end another. */
  readonly #troubles = new Set<string>();
  /** Batches of the next attempt; fewer for a while when the other side does not take so many at once. */
  #most: number;
  #running: Promise<void> | undefined;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#most = options.transport.attemptLimits.batches;
    // Several may wait at a time.
    this.#events.setMaxListeners(0);
  }

  get stats() {
    return {
      delivered: this.#delivered,
      rejected: this.#rejected as ReadonlyMap<string, number>,
      retried: this.#retried,
      newestDeliveredMs: this.#newestDeliveredMs,
    };
  }

  /** Delivers what waits; `newest` is the newest of all, where that is new. */
  start(newest?: Waiting): void {
    if (this.#closing.signal.aborted || this.#options.backlog.length === 0) return;
    this.#newest = newest ?? this.#newest;
    this.#wait?.abort();
    this.#running ??= this.#deliverAll();
  }

  /** Waits until a condition holds that only deliveries bring about; rejects when the signal is aborted first. */
  async until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    while (!condition()) await once(this.#events, 'settled', { signal });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wait?.abort();
    await this.#running;
    await this.#options.transport.close();
  }

  async #deliverAll(): Promise<void> {
    const { signal } = this.#closing;
    const { backlog, backoff, pace } = this.#options;
    while (backlog.length > 0 && !signal.aborted) {
      await pRetry(() => this.#deliverNext(), {
        retries: Infinity,
        minTimeout: backoff.firstMs,
        maxTimeout: backoff.longestMs,
        randomize: true,
        signal,
        onFailedAttempt: async ({ error }) => {
          if (signal.aborted) return;
          this.#retried++;
          this.#logTrouble(OUTAGE, `cannot deliver: ${error.message}; batches are kept and tried again`);
          if (error instanceof RetryError && error.afterMs > 0) await pace.sleep(error.afterMs, signal);
        },
      }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
    // Here and not in a `finally` of the promise: a batch sent before that ran would wait for the one after it.
    this.#running = undefined;
  }

  /** Makes one attempt, with what is due by then; dropping goes on between attempts. */
  async #deliverNext(): Promise<void> {
    const next = this.#next();
    if (next.length === 0) {
      await this.#untilCatchUp();
      return;
    }
    const { verdict, tried } = await this.#attempt(next);
    if (verdict.kind === 'retry') throw new RetryError(verdict.message, verdict.afterMs);
    if (verdict.kind === 'settled') {
      await this.#settle(tried, verdict.refusals);
    } else if (tried.length === 1) {
      await this.#settle(tried, new Map([[0, { reason: 'too-large', message: 'one batch alone is too large' }]]));
    } else {
      this.#retried++;
      this.#most = Math.floor(tried.length / 2);
    }
  }

  /** Returns what is due, the newest first. */
  #next(): Waiting[] {
    const { backlog, catchUp, transport, pace } = this.#options;
    const { bytes } = transport.attemptLimits;
    if (catchUp === undefined) return backlog.first({ batches: this.#most, bytes });
    const perTurn = Math.ceil(catchUp);
    if (this.#newest?.isGone) this.#newest = undefined;
    const isDue = pace.now() >= this.#catchUpMs;
    if (!this.#newest) return isDue ? backlog.first({ batches: Math.min(this.#most, perTurn), bytes }) : [];
    const left = { batches: Math.min(this.#most - 1, perTurn), bytes: bytes - this.#newest.size };
    const older = isDue && left.batches > 0 ? backlog.first(left, this.#newest) : [];
    // One that is too large to go with the newest goes alone, next.
    return older[0] && older[0].size > left.bytes ? [this.#newest] : [this.#newest, ...older];
  }

  async #untilCatchUp(): Promise<void> {
    const wait = new AbortController();
    const { pace } = this.#options;
    this.#wait = wait;
    await pace.sleep(this.#catchUpMs - pace.now(), wait.signal);
    this.#wait = undefined;
    // A timer may be a fraction of a millisecond early.
    if (!wait.signal.aborted) this.#catchUpMs = -Infinity;
  }

  async #attempt(next: readonly Waiting[]): Promise<{ verdict: Verdict; tried: readonly Waiting[] }> {
    const { backlog, transport } = this.#options;
    try {
      const readable = await backlog.read(next);
      this.#closing.signal.throwIfAborted();
      const tried = readable.map(({ waiting }) => waiting);
      if (tried.length === 0) return { verdict: { kind: 'settled', refusals: new Map() }, tried };
      const batches = readable.map(({ batch }) => batch);
      return { verdict: await transport.deliver(batches, this.#closing.signal), tried };
    } catch (error) {
      return { verdict: { kind: 'retry', afterMs: 0, message: (error as Error).message }, tried: [] };
    }
  }

  async #settle(tried: readonly Waiting[], refusals: ReadonlyMap<number, Refusal>): Promise<void> {
    const troubled = this.#troubles.size > 0;
    this.#troubles.delete(OUTAGE);
    for (const [i, one] of tried.entries()) {
      const refusal = refusals.get(i);
      if (refusal) this.#reject(refusal);
      else this.#acknowledge(one);
    }
    if (troubled && refusals.size === 0) {
      this.#options.log.info({ transport: this.#options.transport.name }, 'delivering again');
      this.#troubles.clear();
    }
    this.#most = Math.min(this.#most * 2, this.#options.transport.attemptLimits.batches);
    this.#postpone(tried.filter((one) => one !== this.#newest).length);
    await this.#options.backlog.remove(tried);
    this.#events.emit('settled');
  }

  /** Postpones the next of the batches left behind, after so many of them were settled. */
  #postpone(caughtUp: number): void {
    const { catchUp, pace } = this.#options;
    if (catchUp !== undefined && caughtUp > 0) this.#catchUpMs = pace.now() + (caughtUp / catchUp) * 1000;
  }

  #acknowledge({ takenMs }: Waiting): void {
    this.#delivered++;
    this.#newestDeliveredMs = Math.max(this.#newestDeliveredMs ?? -Infinity, takenMs);
  }

  #reject({ reason, message }: Refusal): void {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1);
    this.#logTrouble(reason, `batches are refused for good (${message}); they are dropped`);
  }

  #logTrouble(kind: string, message: string): void {
    if (!this.#troubles.has(kind)) this.#options.log.warn({ transport: this.#options.transport.name }, message);
    this.#troubles.add(kind);
  }
}
