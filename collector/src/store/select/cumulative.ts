/**
 * How far each series had counted at an instant: the heart of all questions about counts. What a counter gained over a
 * range is the difference of two of these, so nothing depends on which readings were lost, repeated or reordered.
 */
import type { Subject, TimeRange } from '../types.js';
import type { Parameters } from '../client.js';

/** A table of grow-only counters that has rollups. */
interface Counters {
  /** Table of the finest rows; names of the rollups begin with it. */
  table: string;
  /** Columns that tell one counter from another, in one epoch. */
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

/** The instant of an Int64 parameter in nanoseconds. */
export function instant(parameter: string): string {
  return `fromUnixTimestamp64Nano({${parameter}:Int64}, 'UTC')`;
}

/**
 * A SELECT of series and what they reached, the largest value before `instant`, an expression of type DateTime64(9): hours as
 * far as they are whole, then minutes, then the finest. Where the finer rows have expired the instant is that of the coarser
 * ones.
 */
export function cumulative({ table, series, values, reached }: Counters, instant: string, where: string): string {
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

/**
 * A SELECT of series and what they reached by now. With a beginning both ends come from the hours, so that what has
 * expired is missing in both.
 */
function cumulativeNow({ table, series, reached }: Counters, where: string, sinceBeginning: boolean): string {
  const rollup = `${table}_${sinceBeginning ? 'total' : 'hour'}`;
  return `SELECT ${series}, ${reached} FROM ${rollup} WHERE ${where} GROUP BY ${series}`;
}

/** Instants as expressions; without them since the beginning and until now. */
export interface Instants {
  from?: string | undefined;
  to?: string | undefined;
}

/** A SELECT of series, what they reached, and a `sign`, whose products add up to what was gained between the instants. */
export function difference(of: Counters, { from, to }: Instants, where: string): string {
  const end = to === undefined ? cumulativeNow(of, where, from === undefined) : cumulative(of, to, where);
  const begin = from === undefined ? '' : `UNION ALL SELECT *, -1 AS sign FROM (${cumulative(of, from, where)})`;
  return `SELECT *, 1 AS sign FROM (${end}) ${begin}`;
}

/** The {@link difference} that a question asks for, with the parameters that it takes. */
export function ends(of: Counters, question: TimeRange & Subject): Sql {
  const { fromNs, toNs } = question;
  const { sql: where, parameters } = about(question);
  const instants = {
    from: fromNs === undefined ? undefined : instant('from'),
    to: toNs === undefined ? undefined : instant('to'),
  };
  return {
    sql: difference(of, instants, where),
    parameters: {
      ...parameters,
      ...(fromNs !== undefined && { from: fromNs }),
      ...(toNs !== undefined && { to: toNs }),
    },
  };
}

/** A SELECT by, counter, increase: the gain of each counter over a `difference` of readings. */
export function gained(differenceSql: string, by: string): string {
  return `SELECT ${by}, counter, sum(sign * toInt64(reached)) AS increase
    FROM (${differenceSql})
    GROUP BY ${by}, counter`;
}
