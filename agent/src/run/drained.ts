/** Waiting for the last deliveries. */
import type { Transport } from '../transport/transport.js';

/** Resolves to the number of batches that are left when all are delivered or the signal is aborted. */
export async function drained(transport: Transport, signal: AbortSignal): Promise<number> {
  await transport.drain(signal).catch(() => undefined);
  return transport.stats?.queuedBatches ?? 0;
}
