/** How encoded batches leave the host. One file for each transport; `registry.ts` names them. */

/** One batch ready to travel, with what a queue must know of it. */
export interface EncodedBatch {
  bytes: Uint8Array;
  epoch: string;
  sequence: number;
  /** The agent's monotonic clock in milliseconds when the reading was taken. */
  takenMs: number;
}

/** What became of the batches so far, for the agent's own metrics and readiness. */
export interface TransportStats {
  /** Batches that the other side has acknowledged. */
  delivered: number;
  /** Batches that the other side refused for good, by its reason: the code of an error, or the status of an answer. */
  rejected: Map<string, number>;
  /** Attempts that failed and were made again. */
  retried: number;
  /**
   * Intermediate batches dropped from a full queue; a later one of the same epoch contains them. One that was under way
   * by then may arrive all the same.
   */
  thinned: number;
  /** Last batches of an epoch dropped because a full queue held nothing else: their newest counts are gone. */
  discarded: number;
  queuedBatches: number;
  queuedBytes: number;
  /** {@link EncodedBatch.takenMs} of the newest batch that was acknowledged. */
  newestDeliveredMs: number | undefined;
}

export interface Transport {
  readonly name: string;
  /** Absent when the transport delivers nowhere. */
  readonly stats?: Readonly<TransportStats>;
  /** Takes a batch over; never blocks, never throws. */
  send(batch: EncodedBatch): void;
  /** Resolves when another batch can be sent without thinning; rejects when the signal is aborted first. */
  room(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing is left to deliver; rejects when the signal is aborted first. */
  drain(signal: AbortSignal): Promise<void>;
  /** Stops delivering; what is still queued is dropped. */
  close(): Promise<void>;
}
