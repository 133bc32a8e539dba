/** The library's batch as ours. */
import type { Batch, IHeaders } from 'kafkajs';
import type { Assignment, ConsumedBatch, ConsumedRecord } from '../types.js';

/** Undefined when there is no record in it. */
export function consumedBatch(batch: Batch, { topic, partition, assignment }: Assignment): ConsumedBatch | undefined {
  if (batch.messages.length === 0) return undefined;
  const records = batch.messages.map(({ offset, timestamp, key, value, headers }): ConsumedRecord => ({
    offset: BigInt(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    headers: headersOf(headers),
  }));
  const next = BigInt(batch.lastOffset()) + 1n;
  return { topic, partition, assignment, records, next, highWatermark: BigInt(batch.highWatermark) };
}

function headersOf(headers: IHeaders = {}): Record<string, Uint8Array> {
  const entries = Object.entries(headers).flatMap(([name, value]) => {
    const last = Array.isArray(value) ? value.at(-1) : value;
    return last === undefined ? [] : [[name, typeof last === 'string' ? Buffer.from(last) : last] as const];
  });
  return Object.fromEntries(entries);
}
