/**
 * The outbox: takes the batches of the loop and keeps them until a transport, which may be away, has delivered them.
 *
 * Layout on disk. One directory (`outbox.directory`) holds segments `NNNNNNNNNN.segment`, numbered in the order in which
 * they were begun, and a socket `lock`. A segment is a header and records one after the other; a record is one batch with
 * its host, epoch and time, checksums, and one byte, its mark: waiting or gone (record-format.ts). `*.new` is a segment
 * that is being written and has no meaning until it is renamed; `*.segment.corrupt` is a damaged one, set aside.
 *
 * States of a batch:
 *
 *     memory --append, datasync--> disk, waiting --mark--> disk, gone --remove or rewrite--> freed
 *       |                            |
 *       '--delivered, refused or thinned: settled--'
 *
 * A batch is put in memory first (Backlog) and is on the disk once `send` has resolved without a problem. While the disk
 * fails, batches stay in memory, and the newest of each epoch goes into the agent's state file (`atRisk`). A settled batch
 * is marked in place; the mark is not synchronised, so a crash of the host may deliver a batch twice, which changes no
 * result. A batch that is contained in a later one of its epoch may be thinned when the bound is reached (queue.ts).
 *
 * Writers and readers. One process writes: whoever listens on the lock (lock.ts). Within it, Disk lets one operation follow
 * the other. The loop calls `send`; the pump reads what is due, hands it to the transport and settles it. At the start,
 * recovery.ts reads every segment once, cuts off what a crash left half written, and sets aside what is damaged with its
 * whole records kept.
 *
 * Guarantees. Once `send` has resolved without a problem, neither a kill of the agent nor a crash of the host loses the
 * batch. The newest batch is delivered first, those that were left behind oldest first. Segments stay within `outbox.bytes`
 * as long as what is done with can be freed; at most four damaged ones are set aside.
 */
import type { EncodedBatch } from '../transport/transport.js';

/** Figures of the batches so far, for the agent's own metrics and readiness. */
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
  /** Batches that wait, on disk or in memory. */
  queuedBatches: number;
  queuedBytes: number;
  /** Waiting batches that only memory holds. */
  heldBatches: number;
  /** {@link EncodedBatch.takenMs} of the oldest batch that waits. */
  oldestMs: number | undefined;
  /** Bytes of the outbox's files; undefined where there are none. */
  diskBytes: number | undefined;
  /** Failures of the disk to take a batch, or to let one go. */
  diskFailures: number;
  /** Batches that a crash had left half written, and that were cut off. */
  torn: number;
  /** Damaged files that were found and set aside. */
  corrupt: number;
  /** Batches that could no longer be read when they were to be delivered. */
  unreadable: number;
  /** {@link EncodedBatch.takenMs} of the newest batch that was acknowledged. */
  newestDeliveredMs: number | undefined;
}

export interface Outbox {
  /** Name of the transport. */
  readonly name: string;
  /** Figures of the outbox; absent when batches are delivered nowhere. */
  readonly stats?: Readonly<OutboxStats>;
  /** The newest batch of each epoch that a kill of the agent would lose, because only memory holds it. */
  readonly atRisk: readonly EncodedBatch[];
  /** Finds what an earlier life of the agent has left, and delivers it. Resolves as `send` does. */
  open(): Promise<string | undefined>;
  /**
   * Takes a batch over. Once this has resolved, no kill of the agent loses it; or it resolves to the problem, in words for
   * the operator, and the batch is in memory for as long as that lasts. Never rejects.
   */
  send(batch: EncodedBatch): Promise<string | undefined>;
  /** Waits until another batch can be sent without thinning; rejects when the signal is aborted first. */
  room(signal: AbortSignal): Promise<void>;
  /** Waits until nothing is left to deliver; rejects when the signal is aborted first. */
  drain(signal: AbortSignal): Promise<void>;
  /** Stops delivering; what waits on disk is delivered by the next life of the agent. */
  close(): Promise<void>;
}

/** The outbox where batches are delivered nowhere. */
export const noOutbox: Outbox = {
  name: 'none',
  atRisk: [],
  open: () => Promise.resolve(undefined),
  send: () => Promise.resolve(undefined),
  room: () => Promise.resolve(),
  drain: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
