/**
 * Figures that people ask of latencies, from buckets and counts: quantiles, what was not measured, time lost. Pure.
 */
import { HYPERCALL_NAMES, LATENCY_BUCKETS, SPANS } from '@tcewatch/protocol';
import type { CounterValues, Hypercall, Span } from '@tcewatch/protocol';
import type { CountRow, LatencyBounds, LatencyRow, SpanRow } from './types.js';

/** Gain of one bucket over a range. */
export interface BucketGain {
  span: Span;
  hypercall: Hypercall;
  bucket: number;
  calls: number;
  totalUs: number;
}

/** A row for each span and hypercall of which calls were measured or should have been. */
export function spanRows(gains: readonly BucketGain[], counts: readonly CountRow[]): SpanRow[] {
  return SPANS.flatMap((span) =>
    HYPERCALL_NAMES.flatMap((hypercall) => {
      const own = gains.filter((gain) => gain.span === span && gain.hypercall === hypercall && gain.calls > 0);
      const row = spanRow(own, counted(span, hypercall, counts));
      return row.calls > 0 || (row.unmeasured ?? 0) > 0 ? [{ span, hypercall, ...row }] : [];
    }),
  );
}

/** `gains` over the time of `seconds`, `counts` over the same. */
export function lostMsPerSecond(
  gains: readonly BucketGain[],
  counts: readonly CountRow[],
  seconds: number | null,
): LatencyRow['lostMsPerSecond'] {
  if (seconds === null) return null;
  const trips = gains.filter(({ span, calls }) => span === 'round_trip' && calls > 0);
  const punts = HYPERCALL_NAMES.map((hypercall) => counted('round_trip', hypercall, counts)).filter(isCounted);
  if (trips.length === 0 && (punts.length === 0 || sum(punts) > 0)) return null;
  return sum(trips.map(({ totalUs }) => totalUs)) / 1000 / seconds;
}

function spanRow(gains: readonly BucketGain[], expected: number | null): Omit<SpanRow, 'span' | 'hypercall'> {
  const sorted = gains.toSorted((a, b) => a.bucket - b.bucket);
  const calls = sum(sorted.map((gain) => gain.calls));
  return {
    calls,
    totalUs: sum(sorted.map(({ totalUs }) => totalUs)),
    // A punt that was counted before the range may come back in it.
    unmeasured: expected === null ? null : Math.max(0, expected - calls),
    buckets: sorted.map((gain) => ({ ...boundsOf(gain.bucket), calls: gain.calls })),
    p50: quantile(sorted, Math.ceil(0.5 * calls)),
    p99: quantile(sorted, Math.ceil(0.99 * calls)),
  };
}

/** The bucket of the call of that rank, from 1. */
function quantile(sorted: readonly BucketGain[], rank: number): LatencyBounds | null {
  let before = 0;
  const found = sorted.find(({ calls }) => (before += calls) >= rank);
  return found ? boundsOf(found.bucket) : null;
}

function boundsOf(bucket: number): LatencyBounds {
  const isLast = bucket === LATENCY_BUCKETS - 1;
  return { aboveUs: bucket === 0 ? 0 : 2 ** (bucket - 1), upToUs: isLast ? null : 2 ** bucket };
}

/** Calls that a span should have been measured of; null where they were never counted. */
function counted(span: Span, hypercall: Hypercall, counts: readonly CountRow[]): number | null {
  const own = counts.filter((row) => row.hypercall === hypercall && row.counters.entered !== undefined);
  if (own.length === 0) return null;
  const punted = sum(own.map(({ counters }) => puntsOf(counters)));
  return span === 'round_trip' ? punted : sum(own.map(({ counters }) => counters.entered ?? 0)) - punted;
}

function puntsOf({ punted }: CounterValues): number {
  return punted ?? 0;
}

function isCounted(calls: number | null): calls is number {
  return calls !== null;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
