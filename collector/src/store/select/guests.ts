/** Guests that counted themselves, and from when until when. */
import type { ClickHouse } from '../client.js';
import type { GuestSpan } from '../types.js';

/**
 * Reads the epochs of guests that count themselves. Nearly all questions ask this first; without such guests it reads
 * `hosts` alone.
 */
export async function selectGuestSpans(clickhouse: ClickHouse): Promise<GuestSpan[]> {
  const guests = await clickhouse.select<{ host: string }>(
    'cannot read which hosts are guests',
    "SELECT DISTINCT host FROM hosts WHERE source = 'guest'",
  );
  if (guests.length === 0) return [];
  const rows = await clickhouse.select<Omit<GuestSpan, 'firstNs' | 'lastNs'> & { firstNs: string; lastNs: string }>(
    'cannot read which guests count themselves',
    `WITH guests AS (SELECT host FROM hosts WHERE source = 'guest')
     SELECT
       host AS hostId, life, uuid, toUnixTimestamp64Nano(first) AS firstNs, toUnixTimestamp64Nano(last) AS lastNs
     FROM (
       SELECT DISTINCT host, life, epoch FROM readings_total WHERE counter = 'issued' AND host IN guests
     ) AS counted
     INNER JOIN (
       SELECT host, epoch, min(at) AS first, max(at) AS last
       FROM host_readings
       WHERE source = 'guest' AND host IN guests
       GROUP BY host, epoch
     ) AS spans USING (host, epoch)
     INNER JOIN (
       SELECT host, life, uuid FROM vms WHERE host IN guests ORDER BY at DESC LIMIT 1 BY host, life
     ) AS lives USING (host, life)
     WHERE uuid != ''
     ORDER BY hostId, firstNs`,
  );
  return rows.map((row) => ({ ...row, firstNs: BigInt(row.firstNs), lastNs: BigInt(row.lastNs) }));
}
