/**
 * One partition while it is this collector's: its records in order, through the store, then committed. intake.ts says how
 * the parts of this folder fit together.
 *
 *     waiting  [ piece | piece | piece | piece | ... ]      pieces of at most 2 MiB, in the order of their offsets
 *                 turn        ahead                          pieces leave from the front, when their turn is finished
 *
 * A turn goes through these states, and none is skipped:
 *
 *     begun      its records are decoded, and the batches are on their way to the store
 *     stored     the store has all of them, but for those that it refuses for good
 *     lettered   the dead-letter topic has those, and the records that are no batches
 *     committed  the group's offset is behind its last record: its pieces are let go of
 *
 * While the store writes one turn, the one ahead is begun, so that neither decoding nor storing waits for the other; it is
 * finished after. Whatever fails for now throws both turns back to `waiting`, and they begin again after a pause, for as
 * long as the partition is ours. That changes nothing: a batch that is stored twice makes no count larger, and a letter
 * that is sent twice is sent back once more. Nothing is committed that the store does not have.
 */
import type { Assignment, ConsumedBatch, Position } from '@tcewatch/kafka';
import type { Batch } from '@tcewatch/protocol';
import pRetry from 'p-retry';
import type { BaseLogger } from 'pino';
import { StoreError } from '../../model.js';
import type { DeadLetters } from './dead-letters.js';
import { poisonOf } from './decode.js';
import type { DeadLetter, DecodedRecord } from './decode.js';

export interface PartitionWorkerOptions {
  decode: (records: ConsumedBatch['records']) => { decoded: DecodedRecord[]; dead: DeadLetter[] };
  /** Makes all of the batches durable. */
  accept: (batches: readonly Batch[]) => Promise<void>;
  deadLetters: DeadLetters;
  commit: (position: Position) => Promise<void>;
  /** Called with the bytes that are no longer held, and with what was taken of them. */
  done: (bytes: number, decoded: readonly DecodedRecord[]) => void;
  backoff: { firstMs: number; longestMs: number };
  log: BaseLogger;
}

/** Bytes of one turn, so that what is decoded at a time is bounded; a larger record comes alone. */
const MOST_BYTES = 2 * 1024 * 1024;

/** Records that are taken together: at the store, or done there. */
interface Turn {
  /** Number of pieces that it has of those that wait, from the oldest on. */
  pieces: number;
  /** Offset to commit when all of it is done. */
  next: bigint;
  bytes: number;
  decoded: readonly DecodedRecord[];
  dead: readonly DeadLetter[];
  /** Resolves when the store has the others. */
  refused: Promise<DeadLetter[]>;
}

type Piece = Pick<Turn, 'next' | 'bytes'> & Pick<ConsumedBatch, 'records'>;

export class PartitionWorker {
  #waiting: Piece[] = [];
  /** Turn behind the current one: the oldest records that wait and are not in that. */
  #ahead: Turn | undefined;
  #working: Promise<void> | undefined;
  readonly #ended = new AbortController();
  #troubled = false;

  constructor(
    readonly assignment: Assignment,
    private readonly options: PartitionWorkerOptions,
  ) {}

  push(batch: ConsumedBatch): void {
    if (this.#ended.signal.aborted) return;
    this.#waiting.push(...piecesOf(batch));
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
    // It ended, and what is at the store already comes to its end there.
    if (this.#ahead) await this.#finish(this.#ahead).catch(() => undefined);
    // In the same turn as the check, so that nothing is pushed in between and never taken.
    this.#working = undefined;
  }

  /** Tries one turn. Errors are wrapped, since a TypeError would end the retries. */
  async #attempt(): Promise<void> {
    try {
      await this.#turn();
    } catch (cause) {
      throw new Error(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  async #turn(): Promise<void> {
    const turn = this.#ahead ?? this.#begin(0);
    if (!turn) return;
    this.#ahead = undefined;
    try {
      this.#ahead = this.#begin(turn.pieces);
      await this.#finish(turn);
    } catch (error) {
      // Both are taken again, in their order, when neither is at the store any more.
      await Promise.allSettled([turn.refused, this.#ahead?.refused]);
      this.#ahead = undefined;
      throw error;
    }
  }

  /** Begins a turn: sends what waits from there on to the store, as much as a turn takes. */
  #begin(from: number): Turn | undefined {
    const pieces = oldest(this.#waiting.slice(from));
    const last = pieces.at(-1);
    if (!last) return undefined;
    const { decoded, dead } = this.options.decode(pieces.flatMap(({ records }) => records));
    const refused = this.#accept(decoded);
    // Who finishes the turn sees it.
    refused.catch(() => undefined);
    return { pieces: pieces.length, next: last.next, bytes: bytesOf(pieces), decoded, dead, refused };
  }

  async #finish({ pieces, refused, dead, decoded, next, bytes }: Turn): Promise<void> {
    const { deadLetters, commit, done, log } = this.options;
    const all = [...dead, ...(await refused)];
    await deadLetters.send(this.assignment, all, this.#ended.signal);
    await commit({ ...this.assignment, next });
    if (this.#troubled) log.info(this.#where, 'records are taken again');
    this.#troubled = false;
    this.#waiting = this.#waiting.slice(pieces);
    done(bytes, decoded);
  }

  /** Resolves to those that can never be stored; rejects when some may be later. */
  async #accept(decoded: readonly DecodedRecord[]): Promise<DeadLetter[]> {
    const { accept } = this.options;
    if (decoded.length === 0) return [];
    try {
      await accept(decoded.map(({ batch }) => batch));
      return [];
    } catch (error) {
      if (decoded.length === 1 || !isForGood(error)) throw error;
    }
    // One of them can never be stored, or the store takes none: that it takes others says which.
    const outcomes = await Promise.allSettled(decoded.map(({ batch }) => accept([batch])));
    const failures = outcomes.flatMap((outcome, i) => {
      const letter = decoded[i];
      return outcome.status === 'rejected' && letter ? [{ letter, error: outcome.reason as unknown }] : [];
    });
    const forNow = failures.find(({ error }) => !isForGood(error));
    if (forNow) throw forNow.error;
    if (failures.length === decoded.length) throw failures[0]?.error;
    return failures.map(({ letter: { record }, error }) => ({ record, poison: reasonOf(error) }));
  }

  get #where(): { topic: string; partition: number } {
    const { topic, partition } = this.assignment;
    return { topic, partition };
  }
}

function isForGood(error: unknown): boolean {
  return !(error instanceof StoreError && error.transient);
}

function reasonOf(error: unknown): DeadLetter['poison'] {
  return error instanceof StoreError ? { code: 'store-refused', message: error.message } : poisonOf(error);
}

function piecesOf({ records, next }: ConsumedBatch): Piece[] {
  const pieces: Piece[] = [];
  let begin = 0;
  let bytes = 0;
  const cut = (end: number, until: bigint): void => {
    pieces.push({ records: records.slice(begin, end), next: until, bytes });
    begin = end;
    bytes = 0;
  };
  for (const [i, { offset, value }] of records.entries()) {
    const size = value?.length ?? 0;
    if (i > begin && bytes + size > MOST_BYTES) cut(i, offset);
    bytes += size;
  }
  cut(records.length, next);
  return pieces;
}

function oldest(pieces: readonly Piece[]): readonly Piece[] {
  let sum = 0;
  const beyond = pieces.findIndex(({ bytes }, i) => (sum += bytes) > MOST_BYTES && i > 0);
  return beyond === -1 ? pieces : pieces.slice(0, beyond);
}

function bytesOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes, 0);
}
