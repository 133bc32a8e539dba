/**
 * Latencies: adds what each bucket of a thread counted since the last reading to the VM. They are a sample beside the
 * counters, and nothing that is wrong with them may cost a count: a bucket that has fewer calls than before was
 * replaced, which ends no epoch, and calls whose times cannot be told stay unmeasured.
 */
import type { LatencyCell } from '../model.js';
import type { LatencyCount, LatencyState } from './state.js';

/** Counts of a thread's bucket since the last reading. */
export interface LatencyDelta extends LatencyCount {
  readonly cell: LatencyCell;
}

/** Sums buckets by label: the kernel may print a key twice, when two processors made its entry at the same moment. */
export function sumLatencies(cells: readonly LatencyCell[]): Map<string, LatencyDelta> {
  const sums = new Map<string, LatencyDelta>();
  for (const cell of cells) {
    const key = `${cell.span} ${cell.tid} ${cell.hypercall} ${cell.bucket}`;
    const { calls, totalUs } = sums.get(key) ?? NOTHING;
    sums.set(key, { cell, calls: calls + cell.calls, totalUs: totalUs + cell.totalUs });
  }
  return sums;
}

/** Returns what was measured between two readings. */
export function latencyDeltas(
  before: ReadonlyMap<string, LatencyCount>,
  now: ReadonlyMap<string, LatencyDelta>,
): LatencyDelta[] {
  return [...now].flatMap(([key, delta]) => {
    const then = before.get(key) ?? NOTHING;
    // A clock that went back gives a time near 2^64, and the kernel's sum wraps there.
    if (!Number.isSafeInteger(then.totalUs) || !Number.isSafeInteger(delta.totalUs)) return [];
    const since = delta.calls < then.calls ? NOTHING : then;
    const calls = delta.calls - since.calls;
    const totalUs = delta.totalUs - since.totalUs;
    return totalUs >= 0 && calls + totalUs > 0 ? [{ cell: delta.cell, calls, totalUs }] : [];
  });
}

/** Adds to the latencies of a VM. */
export function creditLatency(latencies: Map<string, LatencyState>, { cell, ...since }: LatencyDelta): void {
  const { span, hypercall, bucket } = cell;
  const key = latencyKey(cell);
  const known = latencies.get(key) ?? NOTHING;
  const calls = known.calls + since.calls;
  const totalUs = known.totalUs + since.totalUs;
  if (Number.isSafeInteger(totalUs)) latencies.set(key, { span, hypercall, bucket, calls, totalUs });
}

/** Returns a key that is different for each bucket of a VM. */
export function latencyKey({ span, hypercall, bucket }: Pick<LatencyState, 'span' | 'hypercall' | 'bucket'>): string {
  return `${span} ${hypercall} ${bucket}`;
}

const NOTHING: LatencyCount = { calls: 0, totalUs: 0 };
