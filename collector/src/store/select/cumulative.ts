/**
 * How far each series had counted at an instant: the heart of all questions about counts. What a counter gained over a
 * range is the difference of two of these, so nothing depends on which readings were lost, repeated or reordered.
 */
import type { Subject } from '../queries.js';
import type { Parameters } from '../client.js';

/** What tells one series from another, in one epoch. */
export const SERIES = 'host, life, hypercall, counter, scope, liobn, epoch';

/** A condition with the values of its parameters. */
export interface Condition {
  sql: string;
  parameters: Parameters;
}

/** Rows of a host, of a life, or all. A life alone also names its host, since rows are ordered by host first. */
export function about({ hostId, life }: Subject): Condition {
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
 * A SELECT of SERIES and `reached`, the largest value before the instant of the Int64 parameter `time`, in nanoseconds:
 * hours as far as they are whole, then minutes, then readings. Where the finer rows have expired the instant is that of
 * the coarser ones.
 */
export function cumulative(time: string, where: string): string {
  const instant = `fromUnixTimestamp64Nano({${time}:Int64}, 'UTC')`;
  return `
    SELECT ${SERIES}, max(value) AS reached
    FROM (
      SELECT ${SERIES}, value FROM readings_hour
      WHERE hour < toStartOfHour(${instant}) AND ${where}
      UNION ALL
      SELECT ${SERIES}, value FROM readings_minute
      WHERE minute >= toStartOfHour(${instant}) AND minute < toStartOfMinute(${instant}) AND ${where}
      UNION ALL
      SELECT ${SERIES}, value FROM readings
      WHERE at >= toStartOfMinute(${instant}) AND at < ${instant} AND ${where}
    )
    GROUP BY ${SERIES}`;
}

/** The same for now. With a beginning both come from the hours, so that what has expired is missing in both. */
export function cumulativeNow(where: string, sinceBeginning: boolean): string {
  const table = sinceBeginning ? 'readings_total' : 'readings_hour';
  return `SELECT ${SERIES}, max(value) AS reached FROM ${table} WHERE ${where} GROUP BY ${SERIES}`;
}
