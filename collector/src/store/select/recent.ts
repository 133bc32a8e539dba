/** What each VM life did in the last minutes: the fleet at a glance. */
import type { ClickHouse } from '../client.js';
import type { CountRow } from '../queries.js';
import { RECENT_MS } from '../queries.js';
import { READINGS } from './cumulative.js';
import { gather } from './counts.js';
import type { Increase } from './counts.js';

/**
 * Each host has its own window, on its own clock. A series that changed in it is compared with the value before: of the
 * same hour by its buckets, and of the hours before for the series that did not change in those. `(host, bucket)` is
 * looked up by the table's key, and so is the series in the hours.
 */
const SQL = `
  WITH
    windows AS (
      SELECT
        host, toStartOfFiveMinutes(toDateTime(max(at), 'UTC')) AS newest, newest - {step:UInt32} AS begin,
        toStartOfHour(begin) AS hour_of_begin
      FROM hosts
      GROUP BY host
    ),
    buckets AS (
      SELECT ${READINGS.series}, bucket >= begin AS inside, value
      FROM readings_recent
      INNER JOIN windows USING (host)
      WHERE (host, bucket) IN (
        SELECT host, toDateTime(arrayJoin(range(first, last + 1, {step:UInt32})), 'UTC') AS bucket
        FROM (SELECT host, toUnixTimestamp(hour_of_begin) AS first, toUnixTimestamp(newest) AS last FROM windows)
      )
    ),
    without_before AS (
      SELECT ${READINGS.series} FROM buckets GROUP BY ${READINGS.series} HAVING min(inside)
    )
  SELECT host, life, hypercall, counter, sum(reached - before) AS increase
  FROM (
    SELECT
      ${READINGS.series}, maxIf(value, inside) AS reached, maxIf(value, NOT inside) AS before, max(inside) AS called
    FROM (
      SELECT * FROM buckets
      UNION ALL
      SELECT ${READINGS.series}, false AS inside, max(value) AS value
      FROM readings_hour
      INNER JOIN windows USING (host)
      WHERE (${READINGS.series}) IN without_before AND hour < hour_of_begin
      GROUP BY ${READINGS.series}
    )
    GROUP BY ${READINGS.series}
  )
  WHERE called AND reached > before
  GROUP BY host, life, hypercall, counter
  ORDER BY host, life, hypercall, counter`;

export async function selectRecent(clickhouse: ClickHouse): Promise<CountRow[]> {
  const rows = await clickhouse.select<Increase>('cannot read what the fleet did in the last minutes', SQL, {
    step: RECENT_MS / 1000,
  });
  return gather(rows, ({ host, life, hypercall }) => ({ hostId: host, life, hypercall, counters: {} }));
}
