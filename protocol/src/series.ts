/** Building and reading {@link Series}: columns to rows and back. */
import type { Series, SeriesRow } from './batch.js';
import { COUNTERS, HYPERCALLS, SCOPES, hypercallName } from './vocabulary.js';

/** Makes empty columns for the given number of series. */
export function allocateSeries(length: number): Series {
  return {
    length,
    vm: new Uint32Array(length),
    counter: new Uint8Array(length),
    hypercall: new Uint16Array(length),
    scope: new Uint8Array(length),
    liobn: new BigUint64Array(length),
    value: new Float64Array(length),
  };
}

/** Makes columns from rows. */
export function seriesFromRows(rows: readonly SeriesRow[]): Series {
  const series = allocateSeries(rows.length);
  rows.forEach((row, i) => {
    series.vm[i] = row.vm;
    series.counter[i] = COUNTERS.indexOf(row.counter);
    series.hypercall[i] = HYPERCALLS[row.hypercall];
    series.scope[i] = SCOPES.indexOf(row.scope);
    series.liobn[i] = row.liobn;
    series.value[i] = row.value;
  });
  return series;
}

/** Gives row `i` as an object; throws RangeError beyond the last row. */
export function seriesRow(series: Series, i: number): SeriesRow {
  const counter = COUNTERS[series.counter[i] ?? -1];
  const hypercall = hypercallName(series.hypercall[i] ?? -1);
  const scope = SCOPES[series.scope[i] ?? -1];
  if (counter === undefined || hypercall === undefined || scope === undefined) {
    throw new RangeError(`there is no series ${i} of ${series.length}`);
  }
  return {
    vm: series.vm[i] ?? 0,
    counter,
    hypercall,
    scope,
    liobn: series.liobn[i] ?? 0n,
    value: series.value[i] ?? 0,
  };
}
