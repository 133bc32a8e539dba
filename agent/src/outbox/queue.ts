/**
 * The order in which batches wait, oldest first, and which of them may go. All counters only grow, so a batch is contained
 * in the next one of its epoch: a full queue thins its past and loses time resolution, never a count. Knows of a batch but
 * what it takes to choose, wherever its bytes are.
 */
import type { AttemptLimits } from '../transport/transport.js';

export interface QueueLimits {
  batches: number;
  bytes: number;
}

/** A batch as the queue knows it. */
export interface Queued {
  readonly epoch: string;
  /** Monotonic time of the reading, in milliseconds. */
  readonly takenMs: number;
  /** Size in bytes. */
  readonly size: number;
}

export class ThinningQueue<T extends Queued> {
  readonly #waiting: T[] = [];
  #bytes = 0;
  #thinned = 0;
  #discarded = 0;

  constructor(private readonly limits: Readonly<QueueLimits>) {}

  get length(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Batches dropped whose counts a later batch contains. */
  get thinned(): number {
    return this.#thinned;
  }

  /** Last batches of an epoch that were dropped because the queue held nothing else. */
  get discarded(): number {
    return this.#discarded;
  }

  get oldest(): T | undefined {
    return this.#waiting[0];
  }

  /** Whether one more batch of the newest one's size fits without thinning. */
  get hasRoom(): boolean {
    const like = this.#waiting.at(-1)?.size ?? 0;
    return this.#waiting.length < this.limits.batches && this.#bytes + like <= this.limits.bytes;
  }

  /** Iterates over all batches, oldest first. */
  [Symbol.iterator](): Iterator<T> {
    return this.#waiting[Symbol.iterator]();
  }

  /**
   * Returns the first batches in order that are within the limits together, the first one whatever its size, but not
   * `except`.
   */
  first({ batches, bytes }: Readonly<AttemptLimits>, except?: T): T[] {
    const found: T[] = [];
    let size = 0;
    for (const one of this.#waiting) {
      if (one === except) continue;
      size += one.size;
      if (found.length > 0 && (found.length >= batches || size > bytes)) break;
      found.push(one);
    }
    return found;
  }

  /** Takes the newest batch in; returns what was dropped until the limits hold or it is alone. */
  push(batch: T): T[] {
    this.#waiting.push(batch);
    this.#bytes += batch.size;
    return this.#dropUntilWithin();
  }

  /** Takes batches in, oldest first, that are all older than those that wait. */
  unshift(batches: readonly T[]): T[] {
    this.#waiting.unshift(...batches);
    for (const { size } of batches) this.#bytes += size;
    return this.#dropUntilWithin();
  }

  /** Takes a batch out that was settled; it may have been dropped while it travelled. */
  remove(batch: T): void {
    const at = this.#waiting.indexOf(batch);
    if (at >= 0) this.#removeAt(at);
  }

  #dropUntilWithin(): T[] {
    const dropped: T[] = [];
    while (this.#waiting.length > 1 && this.#isOver()) dropped.push(...this.#drop());
    return dropped;
  }

  #isOver(): boolean {
    return this.#waiting.length > this.limits.batches || this.#bytes > this.limits.bytes;
  }

  #drop(): T[] {
    const at = thinnest(this.#waiting);
    if (at === undefined) this.#discarded++;
    else this.#thinned++;
    return this.#removeAt(at ?? 0);
  }

  #removeAt(at: number): T[] {
    const removed = this.#waiting.splice(at, 1);
    for (const { size } of removed) this.#bytes -= size;
    return removed;
  }
}

/**
 * Finds the batch whose absence leaves the smallest gap in time, so that what stays is spread evenly: never the newest,
 * never the last of an epoch, and the oldest only when there is no other. Undefined when none may go.
 */
function thinnest(batches: readonly Queued[]): number | undefined {
  let found: number | undefined;
  let smallest = Infinity;
  for (const [i, batch] of batches.entries()) {
    const next = batches[i + 1];
    if (next?.epoch !== batch.epoch) continue;
    const gap = next.takenMs - (batches[i - 1]?.takenMs ?? -Infinity);
    if (found === undefined || gap < smallest) {
      found = i;
      smallest = gap;
    }
  }
  return found;
}
