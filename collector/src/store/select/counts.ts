/** Counts over a range, per VM life and hypercall, and per LIOBN. */
import type { Counter, CounterValues, Hypercall, Scope } from '@tcewatch/protocol';
import type { ClickHouse } from '../client.js';
import type { CountRow, LiobnRow, Subject, TimeRange } from '../types.js';
import { READINGS, ends, gained } from './cumulative.js';

/** One counter of one row. */
export interface Increase {
  host: string;
  life: string;
  hypercall: Hypercall;
  counter: Counter;
  increase: string;
}

export async function selectCounts(clickhouse: ClickHouse, question: TimeRange & Subject): Promise<CountRow[]> {
  const rows = await selectIncreases<Increase>(clickhouse, question, 'host, life, hypercall');
  return gatherCounters(rows, ({ host, life, hypercall }) => ({ hostId: host, life, hypercall, counters: {} }));
}

export async function selectLiobns(
  clickhouse: ClickHouse,
  question: TimeRange & Subject & { life: string },
): Promise<LiobnRow[]> {
  const rows = await selectIncreases<Increase & { scope: Scope; liobn: string }>(
    clickhouse,
    question,
    'host, life, scope, liobn, hypercall',
  );
  return gatherCounters(rows, ({ host, life, scope, liobn, hypercall }) => ({
    hostId: host,
    life,
    scope,
    liobn: BigInt(liobn),
    hypercall,
    counters: {},
  }));
}

/** Reads the gain of each counter over the range, by the columns of `by`. */
function selectIncreases<T>(clickhouse: ClickHouse, question: TimeRange & Subject, by: string): Promise<T[]> {
  const { sql, parameters } = ends(READINGS, question);
  return clickhouse.select<T>('cannot read counts', `${gained(sql, by)} ORDER BY ${by}, counter`, parameters);
}

/** Makes one row of those that differ in the counter alone. */
export function gatherCounters<T extends { counter: Counter; increase: string }, R extends { counters: CounterValues }>(
  rows: readonly T[],
  start: (row: T) => R,
): R[] {
  const gathered = new Map<string, R>();
  for (const row of rows) {
    const { counter, increase, ...labels } = row;
    const key = JSON.stringify(labels);
    const known = gathered.get(key) ?? start(row);
    known.counters[counter] = Number(increase);
    gathered.set(key, known);
  }
  return [...gathered.values()];
}
