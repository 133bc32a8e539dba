/**
 * The last batches of epochs that have ended, until they are delivered: any other batch is contained in a later one, but
 * these would be lost with the agent.
 */
import type { EncodedBatch, Transport } from '../transport/transport.js';

/** Beyond these the oldest go: a host whose epochs end faster than they are delivered is out of order anyway. */
const MOST = 8;

export class Unsent {
  #batches: EncodedBatch[] = [];

  constructor(private readonly transport: Transport) {}

  add(batch: EncodedBatch): void {
    if (!this.#batches.includes(batch)) this.#batches = [...this.#batches, batch].slice(-MOST);
  }

  /** Those that are left; none where batches are delivered nowhere. */
  get batches(): readonly EncodedBatch[] {
    const { stats } = this.transport;
    const deliveredMs = stats?.newestDeliveredMs ?? -Infinity;
    // The oldest is delivered first, so what was taken by then has been delivered or refused.
    this.#batches = stats ? this.#batches.filter(({ takenMs }) => takenMs > deliveredMs) : [];
    return this.#batches;
  }
}
