/** Building and reading {@link Latencies}: columns to rows and back. */
import type { Latencies, LatencyRow } from './batch.js';
import { HYPERCALLS, SPANS, hypercallName } from './vocabulary.js';

/** Makes empty columns for the given number of rows. */
export function allocateLatencies(length: number): Latencies {
  return {
    length,
    vm: new Uint32Array(length),
    span: new Uint8Array(length),
    hypercall: new Uint16Array(length),
    bucket: new Uint8Array(length),
    calls: new Float64Array(length),
    totalUs: new Float64Array(length),
  };
}

/** Makes columns from rows. */
export function latenciesFromRows(rows: readonly LatencyRow[]): Latencies {
  const latencies = allocateLatencies(rows.length);
  rows.forEach((row, i) => {
    latencies.vm[i] = row.vm;
    latencies.span[i] = SPANS.indexOf(row.span);
    latencies.hypercall[i] = HYPERCALLS[row.hypercall];
    latencies.bucket[i] = row.bucket;
    latencies.calls[i] = row.calls;
    latencies.totalUs[i] = row.totalUs;
  });
  return latencies;
}

/** Gives row `i` as an object; throws RangeError beyond the last row. */
export function latencyRow(latencies: Latencies, i: number): LatencyRow {
  const span = SPANS[latencies.span[i] ?? -1];
  const hypercall = hypercallName(latencies.hypercall[i] ?? -1);
  if (span === undefined || hypercall === undefined) {
    throw new RangeError(`there is no latency ${i} of ${latencies.length}`);
  }
  return {
    vm: latencies.vm[i] ?? 0,
    span,
    hypercall,
    bucket: latencies.bucket[i] ?? 0,
    calls: latencies.calls[i] ?? 0,
    totalUs: latencies.totalUs[i] ?? 0,
  };
}
