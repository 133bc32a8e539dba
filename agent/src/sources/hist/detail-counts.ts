/**
 * Counts of the histograms of `hist.detail`: which LIOBN punted calls had, and how long all calls took. Each call that
 * the kernel could pair is in both; what it could not is in neither.
 */
import { LATENCY_BUCKETS, MAX_UINT64 } from '@tcewatch/protocol';
import type { Span } from '@tcewatch/protocol';
import type { HistRow } from '../../tracefs/hist/parse.js';
import type { Cell, LatencyCell } from '../../model.js';
import { hypercallOf, malformed, pick, tableOf, tidOf, u64 } from './rows.js';
import type { HistTable } from './rows.js';

export const LIOBN_KEYS = ['pid', 'req', 'liobn'] as const;
export const LATENCY_KEYS = ['pid', 'req', 'lat.log2'] as const;

/** Counts of one of the histograms. */
export interface DetailCounts<T> {
  cells: T[];
  table: HistTable;
}

/**
 * Parses punted calls by thread, hypercall and LIOBN. Throws AgentError `hist-malformed` that names `where` the text is
 * from.
 */
export function liobnsOf(text: string, where: string): DetailCounts<Cell> {
  return countsOf(text, LIOBN_KEYS, where, ({ keys, hitcount }) => ({
    counter: 'punted',
    tid: tidOf(keys[0]),
    hypercall: hypercallOf(keys[1]),
    scope: 'one',
    liobn: u64(keys[2], 'liobn'),
    calls: hitcount,
  }));
}

/** Parses latencies of a span by thread, hypercall and bucket. Throws AgentError `hist-malformed`. */
export function latenciesOf(text: string, span: Span, where: string): DetailCounts<LatencyCell> {
  const { cells, table } = countsOf(text, LATENCY_KEYS, where, ({ keys, hitcount, sums }): LatencyCell => ({
    span,
    tid: tidOf(keys[0]),
    hypercall: hypercallOf(keys[1]),
    bucket: bucketOf(u64(keys[2], 'lat')),
    calls: hitcount,
    totalUs: Number(u64(sums[0], 'the sum of lat')),
  }));
  return { cells: sumByBucket(cells), table };
}

function countsOf<T>(
  text: string,
  keys: readonly string[],
  where: string,
  toCell: (row: HistRow) => T,
): DetailCounts<T> {
  const histogram = pick(text, keys, where);
  try {
    return { cells: histogram.rows.map(toCell), table: tableOf(histogram, where) };
  } catch (error) {
    throw malformed(error, where);
  }
}

/**
 * Returns the bucket of an exponent. A time of 0 has the exponent 0 or 2^64 - 1, by what the processor makes of a shift
 * by 64 (hist_field_log2 in kernel/trace/trace_events_hist.c calls roundup_pow_of_two(0), which is undefined).
 */
function bucketOf(exponent: bigint): number {
  if (exponent === MAX_UINT64) return 0;
  return Math.min(Number(exponent), LATENCY_BUCKETS - 1);
}

/** Sums cells by bucket: several exponents can be of one, and the kernel may print a key twice. */
function sumByBucket(cells: readonly LatencyCell[]): LatencyCell[] {
  const sums = new Map<string, LatencyCell>();
  for (const cell of cells) {
    const key = `${cell.tid} ${cell.hypercall} ${cell.bucket}`;
    const { calls, totalUs } = sums.get(key) ?? { calls: 0, totalUs: 0 };
    sums.set(key, { ...cell, calls: calls + cell.calls, totalUs: totalUs + cell.totalUs });
  }
  return [...sums.values()];
}
