/**
 * Batches that wait to be sent, oldest first, in bounded memory. All counters only grow, so a batch is contained in the
 * next one of its epoch: a full queue thins its past and loses time resolution, never a count.
 */
import type { EncodedBatch } from '../transport/transport.js';

export interface QueueLimits {
  batches: number;
  bytes: number;
}

export class ThinningQueue {
  readonly #waiting: EncodedBatch[] = [];
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

  /** Whether one more batch of the newest one's size fits without thinning. */
  get hasRoom(): boolean {
    const like = this.#waiting.at(-1)?.bytes.length ?? 0;
    return this.#waiting.length < this.limits.batches && this.#bytes + like <= this.limits.bytes;
  }

  /** The oldest batches, in order, that are within the limits together; the very oldest whatever its size. */
  oldest({ batches, bytes }: Readonly<QueueLimits>): EncodedBatch[] {
    let size = 0;
    const beyond = this.#waiting.findIndex((batch, i) => {
      size += batch.bytes.length;
      return i > 0 && (i >= batches || size > bytes);
    });
    return this.#waiting.slice(0, beyond === -1 ? undefined : beyond);
  }

  /** Takes the newest batch in, and drops older ones until the limits hold or it is alone. */
  push(batch: EncodedBatch): void {
    this.#waiting.push(batch);
    this.#bytes += batch.bytes.length;
    while (this.#waiting.length > 1 && this.#isOver()) this.#drop();
  }

  /** Takes a batch out that was settled; it may have been thinned while it travelled. */
  remove(batch: EncodedBatch): void {
    const at = this.#waiting.indexOf(batch);
    if (at >= 0) this.#removeAt(at);
  }

  #isOver(): boolean {
    return this.#waiting.length > this.limits.batches || this.#bytes > this.limits.bytes;
  }

  #drop(): void {
    const at = thinnest(this.#waiting);
    this.#removeAt(at ?? 0);
    if (at === undefined) this.#discarded++;
    else this.#thinned++;
  }

  #removeAt(at: number): void {
    const [batch] = this.#waiting.splice(at, 1);
    this.#bytes -= batch?.bytes.length ?? 0;
  }
}

/**
 * The batch whose absence leaves the smallest gap in time, so that what stays is spread evenly: never the newest, never
 * the last of an epoch, and the oldest only when there is no other. Undefined when none may go.
 */
function thinnest(batches: readonly EncodedBatch[]): number | undefined {
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
