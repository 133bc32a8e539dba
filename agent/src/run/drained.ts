/** Waiting for the last deliveries. */
import type { Outbox } from '../outbox/outbox.js';

/** Resolves to the number of batches that are left when all are delivered or the signal is aborted. */
export async function drained(outbox: Outbox, signal: AbortSignal): Promise<number> {
  await outbox.drain(signal).catch(() => undefined);
  return outbox.stats?.queuedBatches ?? 0;
}
