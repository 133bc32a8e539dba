/** The batches of one request, each decoded on its own, so that a bad one costs no other. Pure. */
import { BatchError, decodeBatch } from '@tcewatch/protocol';
import type { Batch, BatchLimits } from '@tcewatch/protocol';
import { refusalOf } from './refusal.js';
import type { Refusal } from './refusal.js';

/** A batch that is not taken, by its place in the request from 0. */
export interface RefusedBatch extends Refusal {
  index: number;
}

/**
 * The good ones in their order, and why the others are none. `check` throws {@link BatchError} for a batch that is well
 * formed but cannot be taken.
 */
export function decodeBatches(
  frames: readonly Uint8Array[],
  limits: Readonly<BatchLimits>,
  check: (batch: Batch) => void,
): { batches: Batch[]; refused: RefusedBatch[] } {
  const batches: Batch[] = [];
  const refused: RefusedBatch[] = [];
  for (const [index, frame] of frames.entries()) {
    try {
      const batch = decodeBatch(frame, limits);
      check(batch);
      batches.push(batch);
    } catch (error) {
      if (!(error instanceof BatchError)) throw error;
      refused.push({ index, ...refusalOf(error) });
    }
  }
  return { batches, refused };
}
