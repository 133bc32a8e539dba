/**
 * One partition while it is this collector's: its records in order, through the store, then committed. What fails for
 * now is tried again for as long as the partition is ours; nothing is committed that the store does not have.
 */
import type { Assignment, ConsumedBatch, Position } from '@tcewatch/kafka';
import type { Batch } from '@tcewatch/protocol';
import pRetry from 'p-retry';
import type { BaseLogger } from 'pino';
import { StoreError } from '../../model.js';
import type { DeadLetters } from './dead-letters.js';
import { poisonOf } from './sort.js';
import type { DeadLetter, Letter } from './sort.js';

export interface LaneOptions {
  sort: (records: ConsumedBatch['records']) => { letters: Letter[]; dead: DeadLetter[] };
  /** Makes all of the batches durable. */
  accept: (batches: readonly Batch[]) => Promise<void>;
  deadLetters: DeadLetters;
  commit: (position: Position) => Promise<void>;
  /** Told of the bytes that are no longer held, and of the hosts that they were of. */
  done: (bytes: number, letters: readonly Letter[]) => void;
  backoff: { firstMs: number; longestMs: number };
  log: BaseLogger;
}

/** Of one turn, so that what is decoded at a time is bounded; a larger batch comes alone. */
const MOST_BYTES = 8 * 1024 * 1024;

export class Lane {
  #waiting: ConsumedBatch[] = [];
  #working: Promise<void> | undefined;
  readonly #ended = new AbortController();
  #troubled = false;

  constructor(
    readonly assignment: Assignment,
    private readonly options: LaneOptions,
  ) {}

  push(batch: ConsumedBatch): void {
    if (this.#ended.signal.aborted) return;
    this.#waiting.push(batch);
    this.#working ??= this.#work();
  }

  /** Takes nothing any more. Resolves when what is under way has come to its end, to the bytes that are thrown away. */
  async end(): Promise<number> {
    this.#ended.abort();
    await this.#working;
    const left = bytesOf(this.#waiting);
    this.#waiting = [];
    return left;
  }

  async #work(): Promise<void> {
    const { signal } = this.#ended;
    const { backoff, log } = this.options;
    while (this.#waiting.length > 0 && !signal.aborted) {
      await pRetry(() => this.#attempt(), {
        retries: Infinity,
        minTimeout: backoff.firstMs,
        maxTimeout: backoff.longestMs,
        randomize: true,
        signal,
        onFailedAttempt: ({ error }) => {
          // The same trouble at each attempt is one line, and its end another.
          if (!this.#troubled)
            log.warn({ ...this.#where, err: error }, 'records cannot be taken now; they are tried again');
          this.#troubled = true;
        },
      }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
    // In the same turn as the check, so that nothing is pushed in between and never taken.
    this.#working = undefined;
  }

  /** No error is to end the retries, as a TypeError would. */
  async #attempt(): Promise<void> {
    try {
      await this.#turn();
    } catch (cause) {
      throw new Error(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  /** Takes what waits by then: what came since an attempt that failed is part of the next. */
  async #turn(): Promise<void> {
    const { sort, deadLetters, commit, done, log } = this.options;
    const batches = oldest(this.#waiting);
    const last = batches.at(-1);
    if (!last) return;
    const { letters, dead } = sort(batches.flatMap(({ records }) => records));
    const refused = await this.#accept(letters);
    await deadLetters.send(this.assignment, [...dead, ...refused], this.#ended.signal);
    await commit({ ...this.assignment, next: last.next });
    if (this.#troubled) log.info(this.#where, 'records are taken again');
    this.#troubled = false;
    this.#waiting = this.#waiting.slice(batches.length);
    done(bytesOf(batches), letters);
  }

  /** Resolves to those that can never be stored; rejects when some may be later. */
  async #accept(letters: readonly Letter[]): Promise<DeadLetter[]> {
    const { accept } = this.options;
    if (letters.length === 0) return [];
    try {
      await accept(letters.map(({ batch }) => batch));
      return [];
    } catch (error) {
      if (letters.length === 1 || !isForGood(error)) throw error;
    }
    // One of them can never be stored, or the store takes none: that it takes others says which.
    const outcomes = await Promise.allSettled(letters.map(({ batch }) => accept([batch])));
    const failures = outcomes.flatMap((outcome, i) => {
      const letter = letters[i];
      return outcome.status === 'rejected' && letter ? [{ letter, error: outcome.reason as unknown }] : [];
    });
    const forNow = failures.find(({ error }) => !isForGood(error));
    if (forNow) throw forNow.error;
    if (failures.length === letters.length) throw failures[0]?.error;
    return failures.map(({ letter: { record }, error }) => ({ record, poison: refusalOf(error) }));
  }

  get #where(): { topic: string; partition: number } {
    const { topic, partition } = this.assignment;
    return { topic, partition };
  }
}

function isForGood(error: unknown): boolean {
  return !(error instanceof StoreError && error.transient);
}

function refusalOf(error: unknown): DeadLetter['poison'] {
  return error instanceof StoreError ? { code: 'store-refused', message: error.message } : poisonOf(error);
}

function oldest(batches: readonly ConsumedBatch[]): readonly ConsumedBatch[] {
  let bytes = 0;
  const beyond = batches.findIndex((batch, i) => (bytes += bytesOf([batch])) > MOST_BYTES && i > 0);
  return beyond === -1 ? [...batches] : batches.slice(0, beyond);
}

function bytesOf(batches: readonly ConsumedBatch[]): number {
  return batches.reduce(
    (sum, { records }) => sum + records.reduce((bytes, { value }) => bytes + (value?.length ?? 0), 0),
    0,
  );
}
