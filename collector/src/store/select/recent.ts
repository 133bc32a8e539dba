/** Counts of each VM life over the last minutes: the fleet at a glance. */
import type { ClickHouse } from '../client.js';
import type { CountRow } from '../types.js';
import { RECENT_MS } from '../types.js';
import { READINGS } from './cumulative.js';
import { gatherCounters } from './counts.js';
import type { Increase } from './counts.js';

/**
 * Each host has its own window, on its own clock. A series that changed in it is compared with the value before, which is
 * no further back than the hour of the bucket before the window: each hour of a host begins with all of its series.
 * `(host, bucket)` is looked up by the table's key.
 */
const WINDOWS = `
    windows AS (
      SELECT
        host, toStartOfFiveMinutes(toDateTime(max(at), 'UTC')) AS newest, newest - {step:UInt32} AS begin,
        toStartOfHour(begin - {step:UInt32}) AS since
      FROM hosts
      GROUP BY host
    )`;

const BUCKETS = `
      SELECT ${READINGS.series}, bucket >= begin AS inside, value
      FROM readings_recent
      INNER JOIN windows USING (host)
      WHERE (host, bucket) IN (
        SELECT host, toDateTime(arrayJoin(range(first, last + 1, {step:UInt32})), 'UTC') AS bucket
        FROM (SELECT host, toUnixTimestamp(since) AS first, toUnixTimestamp(newest) AS last FROM windows)
      )`;

/** SELECT of the values of hosts that nobody read in the hour before the window, as they were when last read. */
const HOURS = `
      SELECT ${READINGS.series}, false AS inside, max(value) AS value
      FROM readings_hour
      INNER JOIN windows USING (host)
      WHERE host IN {hosts:Array(String)} AND hour < since
      GROUP BY ${READINGS.series}`;

interface RecentIncrease extends Increase {
  /** The host was read in that hour before the window. */
  known: 0 | 1;
}

/** SELECT the columns of {@link RecentIncrease}. */
function increasesSql(values: string): string {
  return `
  WITH ${WINDOWS}
  SELECT host, life, hypercall, counter, sum(reached - before) AS increase, any(host_known) AS known
  FROM (
    SELECT
      ${READINGS.series}, maxIf(value, inside) AS reached, maxIf(value, NOT inside) AS before,
      max(max(NOT inside)) OVER (PARTITION BY host) AS host_known
    FROM (${values})
    GROUP BY ${READINGS.series}
  )
  WHERE reached > before
  GROUP BY host, life, hypercall, counter
  ORDER BY host, life, hypercall, counter`;
}

export async function selectRecent(clickhouse: ClickHouse): Promise<CountRow[]> {
  const what = 'cannot read what the fleet did in the last minutes';
  const step = RECENT_MS / 1000;
  const rows = await clickhouse.select<RecentIncrease>(what, increasesSql(BUCKETS), { step });
  const unknown = new Set(rows.filter(({ known }) => !known).map(({ host }) => host));
  const known = rows.filter(({ host }) => !unknown.has(host));
  if (unknown.size > 0) {
    const looked = increasesSql(`${BUCKETS} AND host IN {hosts:Array(String)} UNION ALL ${HOURS}`);
    known.push(...(await clickhouse.select<RecentIncrease>(what, looked, { step, hosts: [...unknown] })));
  }
  return gatherCounters(known, ({ host, life, hypercall }) => ({ hostId: host, life, hypercall, counters: {} }));
}
