/**
 * How far each series had counted at an instant: the heart of all questions about counts. What a counter gained over a
 * range is the difference of two of these, so nothing depends on which readings were lost, repeated or reordered.
 */
import type { Subject, TimeRange } from '../queries.js';
import type { Parameters } from '../client.js';

/** A table of grow-only counters that has rollups. */
interface Counters {
  /** Of the finest rows; those of the rollups begin with it. */
  table: string;
  /** What tells one counter from another, in one epoch. */
  series: string;
  /** The columns of its values, and how far they had counted. */
  values: string;
  reached: string;
}

export const READINGS = {
  table: 'readings',
  series: 'host, life, hypercall, counter, scope, liobn, epoch',
  values: 'value',
  reached: 'max(value) AS reached',
} as const satisfies Counters;

export const LATENCIES = {
  table: 'latencies',
  series: 'host, life, hypercall, span, bucket, epoch',
  values: 'calls, total_us',
  reached: 'max(calls) AS reached_calls, max(total_us) AS reached_us',
} as const satisfies Counters;

/** A piece of SQL with the values of its parameters. */
export interface Sql {
  sql: string;
  parameters: Parameters;
}

/** Rows of a host, of a life, or all. A life alone also names its host, since rows are ordered by host first. */
export function about({ hostId, life }: Subject): Sql {
  const conditions: string[] = [];
  if (hostId !== undefined) conditions.push('host = {host:String}');
  if (life !== undefined) conditions.push('life = {life:UUID}');
  if (life !== undefined && hostId === undefined) {
    conditions.push('host IN (SELECT host FROM vms WHERE life = {life:UUID})');
  }
  return {
    sql: conditions.length > 0 ? conditions.join(' AND ') : 'true',
    parameters: { ...(hostId !== undefined && { host: hostId }), ...(life !== undefined && { life }) },
  };
}

/**
 * A SELECT of series and what they reached, the largest value before the instant of the Int64 parameter `time`, in
 * nanoseconds: hours as far as they are whole, then minutes, then the finest. Where the finer rows have expired the instant
 * is that of the coarser ones.
 */
export function cumulative({ table, series, values, reached }: Counters, time: string, where: string): string {
  const instant = `fromUnixTimestamp64Nano({${time}:Int64}, 'UTC')`;
  return `
    SELECT ${series}, ${reached}
    FROM (
      SELECT ${series}, ${values} FROM ${table}_hour
      WHERE hour < toStartOfHour(${instant}) AND ${where}
      UNION ALL
      SELECT ${series}, ${values} FROM ${table}_minute
      WHERE minute >= toStartOfHour(${instant}) AND minute < toStartOfMinute(${instant}) AND ${where}
      UNION ALL
      SELECT ${series}, ${values} FROM ${table}
      WHERE at >= toStartOfMinute(${instant}) AND at < ${instant} AND ${where}
    )
    GROUP BY ${series}`;
}

/** The same for now. With a beginning both come from the hours, so that what has expired is missing in both. */
function cumulativeNow({ table, series, reached }: Counters, where: string, sinceBeginning: boolean): string {
  const rollup = `${table}_${sinceBeginning ? 'total' : 'hour'}`;
  return `SELECT ${series}, ${reached} FROM ${rollup} WHERE ${where} GROUP BY ${series}`;
}

/**
 * A SELECT of series, what they reached, and a `sign`, whose products add up to what was gained over the range; with the
 * parameters that it takes.
 */
export function ends(of: Counters, question: TimeRange & Subject): Sql {
  const { fromNs, toNs } = question;
  const { sql: where, parameters } = about(question);
  const end = toNs === undefined ? cumulativeNow(of, where, fromNs === undefined) : cumulative(of, 'to', where);
  const begin = fromNs === undefined ? '' : `UNION ALL SELECT *, -1 AS sign FROM (${cumulative(of, 'from', where)})`;
  return {
    sql: `SELECT *, 1 AS sign FROM (${end}) ${begin}`,
    parameters: {
      ...parameters,
      ...(fromNs !== undefined && { from: fromNs }),
      ...(toNs !== undefined && { to: toNs }),
    },
  };
}
