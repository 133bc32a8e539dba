/** What each VM life did in the last minutes: the fleet at a glance. */
import type { ClickHouse } from '../client.js';
import type { CountRow } from '../queries.js';
import { RECENT_MS } from '../queries.js';
import { READINGS } from './cumulative.js';
import { gather } from './counts.js';
import type { Increase } from './counts.js';

/**
 * Each host has its own window, on its own clock. A series that changed in it is compared with the value before: of the
 * same hour and the one before, by minutes; and of the hours before those for the few series that did not change in
 * them. `(host, minute)` is looked up by the table's key, and so is the series in the hours.
 */
const SQL = `
  WITH
    windows AS (
      SELECT
        host, toStartOfMinute(toDateTime(max(at), 'UTC')) AS newest, newest - {span:UInt32} AS begin,
        toStartOfHour(begin) AS hour_of_begin
      FROM hosts
      GROUP BY host
    ),
    minutes AS (
      SELECT ${READINGS.series}, minute >= begin AS inside, value
      FROM readings_recent
      INNER JOIN windows USING (host)
      WHERE (host, minute) IN (
        SELECT
          host,
          toDateTime(arrayJoin(range(toUnixTimestamp(hour_of_begin), toUnixTimestamp(newest) + 60, 60)), 'UTC') AS minute
        FROM windows
      )
    ),
    without_before AS (
      SELECT ${READINGS.series} FROM minutes GROUP BY ${READINGS.series} HAVING min(inside)
    )
  SELECT host, life, hypercall, counter, sum(reached - before) AS increase
  FROM (
    SELECT
      ${READINGS.series}, maxIf(value, inside) AS reached, maxIf(value, NOT inside) AS before, max(inside) AS called
    FROM (
      SELECT * FROM minutes
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
    span: RECENT_MS / 1000,
  });
  return gather(rows, ({ host, life, hypercall }) => ({ hostId: host, life, hypercall, counters: {} }));
}
