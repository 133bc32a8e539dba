/** Latency histograms in buckets of powers of two microseconds, as the kernel's `.log2` modifier makes them. */

/** The last bucket, 2^31 us, has all that took longer than 18 minutes. */
export const LATENCY_BUCKETS = 32;

/** Calls by bucket: bucket n has latencies above 2^(n-1) and up to 2^n microseconds, bucket 0 up to one. */
export type LatencyHistogram = Float64Array;

/** Counts one latency, given in ns; a clock that went backwards counts as no time at all. */
export function observe(histogram: LatencyHistogram, ns: number): void {
  const bucket = latencyBucket(ns);
  histogram[bucket] = (histogram[bucket] ?? 0) + 1;
}

/** The bucket of a latency in ns. */
export function latencyBucket(ns: number): number {
  const us = Math.floor(ns / 1000);
  if (us <= 1) return 0;
  // Bits of us - 1 = the exponent of the next power of two at or above us.
  return us > 2 ** (LATENCY_BUCKETS - 1) ? LATENCY_BUCKETS - 1 : 32 - Math.clz32(us - 1);
}
