/**
 * The newest batch of each epoch, until it is delivered: any other batch is contained in a later one of its epoch, but
 * these would be lost with the agent, if its next life finds another epoch.
 */
import type { Outbox } from '../outbox/outbox.js';
import type { EncodedBatch } from '../transport/transport.js';

/** Beyond these the oldest go: a host whose epochs end faster than they are delivered is out of order anyway. */
const MOST = 8;

export class Unsent {
  #batches: readonly EncodedBatch[] = [];

  constructor(private readonly outbox: Outbox) {}

  add(batch: EncodedBatch): void {
    const { stats } = this.outbox;
    // Nothing is left of what is delivered nowhere.
    if (!stats) return;
    const deliveredMs = stats.newestDeliveredMs ?? -Infinity;
    // The oldest is delivered first, so what was taken by then has been delivered or refused.
    const others = this.#batches.filter(({ epoch, takenMs }) => epoch !== batch.epoch && takenMs > deliveredMs);
    this.#batches = [...others, batch].slice(-MOST);
  }

  /** As of the last one added. */
  get batches(): readonly EncodedBatch[] {
    return this.#batches;
  }
}
