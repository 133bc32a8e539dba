/** Latency histograms in buckets of powers of two microseconds, as the kernel's `.log2` modifier makes them. */
import { HYPERCALL_NAMES, LATENCY_BUCKETS, SPANS } from '@tcewatch/protocol';
import type { Hypercall, Span } from '@tcewatch/protocol';
import type { LatencyCell } from '../../model.js';

/** Calls and times by bucket; the times are whole us, as the kernel's `.usecs` makes them. */
interface Histogram {
  readonly calls: Float64Array;
  readonly us: Float64Array;
}

/** Latencies of one thread's calls since the epoch began. Takes 4 KiB where all spans of all hypercalls occur. */
export class ThreadLatencies {
  private readonly histograms: Record<Span, Partial<Record<Hypercall, Histogram>>> = { handled: {}, round_trip: {} };

  constructor(private readonly tid: number) {}

  /** Counts one latency, given in ns; a clock that went backwards counts as no time at all. */
  observe(span: Span, hypercall: Hypercall, ns: number): void {
    const us = Math.max(0, Math.floor(ns / 1000));
    const bucket = latencyBucket(us);
    const histogram = (this.histograms[span][hypercall] ??= {
      calls: new Float64Array(LATENCY_BUCKETS),
      us: new Float64Array(LATENCY_BUCKETS),
    });
    histogram.calls[bucket] = (histogram.calls[bucket] ?? 0) + 1;
    histogram.us[bucket] = (histogram.us[bucket] ?? 0) + us;
  }

  /** Returns copies of the buckets that are not empty. */
  *[Symbol.iterator](): Generator<LatencyCell> {
    const { tid } = this;
    for (const span of SPANS) {
      for (const hypercall of HYPERCALL_NAMES) {
        const { calls, us } = this.histograms[span][hypercall] ?? NOTHING;
        for (const [bucket, count] of calls.entries()) {
          if (count > 0) yield { span, tid, hypercall, bucket, calls: count, totalUs: us[bucket] ?? 0 };
        }
      }
    }
  }
}

const NOTHING: Histogram = { calls: new Float64Array(), us: new Float64Array() };

/** Returns the bucket of a latency in whole us. */
export function latencyBucket(us: number): number {
  if (us <= 1) return 0;
  // Bits of us - 1 = the exponent of the next power of two at or above us.
  return us > 2 ** (LATENCY_BUCKETS - 1) ? LATENCY_BUCKETS - 1 : 32 - Math.clz32(us - 1);
}
