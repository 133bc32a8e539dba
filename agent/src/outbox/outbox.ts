/** Where the loop puts its batches: what stands between the reading of a host and a transport that may be away. */
import type { EncodedBatch } from '../transport/transport.js';

/** What became of the batches so far, for the agent's own metrics and readiness. */
export interface OutboxStats {
  /** Batches that the other side has acknowledged. */
  delivered: number;
  /** Batches that the other side refused for good, by its reason. */
  rejected: ReadonlyMap<string, number>;
  /** Attempts that failed and were made again. */
  retried: number;
  /**
   * Intermediate batches dropped from a full outbox; a later one of the same epoch contains them. One that was under way
   * by then may arrive all the same.
   */
  thinned: number;
  /** Last batches of an epoch dropped because a full outbox held nothing else: their newest counts are gone. */
  discarded: number;
  queuedBatches: number;
  queuedBytes: number;
  /** {@link EncodedBatch.takenMs} of the newest batch that was acknowledged. */
  newestDeliveredMs: number | undefined;
}

export interface Outbox {
  /** The transport's. */
  readonly name: string;
  /** Absent when batches are delivered nowhere. */
  readonly stats?: Readonly<OutboxStats>;
  /** Takes a batch over; never throws. */
  send(batch: EncodedBatch): void;
  /** Resolves when another batch can be sent without thinning; rejects when the signal is aborted first. */
  room(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing is left to deliver; rejects when the signal is aborted first. */
  drain(signal: AbortSignal): Promise<void>;
  /** Stops delivering. */
  close(): Promise<void>;
}

/** Where batches are delivered nowhere. */
export const noOutbox: Outbox = {
  name: 'none',
  send: () => undefined,
  room: () => Promise.resolve(),
  drain: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
