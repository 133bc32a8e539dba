/** Latencies of a VM life over a range. */
import type { ClickHouse } from '../client.js';
import { lostMsPerSecond, spanRows } from '../latency.js';
import type { BucketGain } from '../latency.js';
import type { LatencyRow, Subject, TimeRange } from '../types.js';
import { selectCounts } from './counts.js';
import { LATENCIES, about, ends } from './cumulative.js';

type Times = Record<'before' | 'first' | 'last' | 'started' | 'ended', string | null>;
type Question = TimeRange & Subject & { life: string };

export async function selectLatency(clickhouse: ClickHouse, question: Question): Promise<LatencyRow> {
  const [gained, time] = await Promise.all([selectGains(clickhouse, question), selectReadTime(clickhouse, question)]);
  const { gains, counts } = gained;
  const { seconds, isFromBefore, firstNs } = time;
  // What had been counted by the very first reading was counted in a time that nobody knows.
  const rated = isFromBefore ? gained : await selectGains(clickhouse, { ...question, fromNs: firstNs + 1n });
  return {
    spans: spanRows(gains, counts),
    seconds,
    lostMsPerSecond: lostMsPerSecond(rated.gains, rated.counts, seconds),
  };
}

async function selectGains(clickhouse: ClickHouse, question: Question) {
  const { sql, parameters } = ends(LATENCIES, question);
  const [rows, counts] = await Promise.all([
    clickhouse.select<Record<'calls' | 'totalUs', string> & Omit<BucketGain, 'calls' | 'totalUs'>>(
      'cannot read latencies',
      `SELECT
         span, hypercall, bucket,
         sum(sign * toInt64(reached_calls)) AS calls, sum(sign * toInt64(reached_us)) AS totalUs
       FROM (${sql})
       GROUP BY span, hypercall, bucket`,
      parameters,
    ),
    selectCounts(clickhouse, question),
  ]);
  return { gains: rows.map((row) => ({ ...row, calls: Number(row.calls), totalUs: Number(row.totalUs) })), counts };
}

/** Reads between which readings the figures of a range are; `firstNs` is the first that there ever was. */
async function selectReadTime(clickhouse: ClickHouse, question: Question) {
  const { fromNs = 0n, toNs = 2n ** 63n - 1n } = question;
  const { sql: where, parameters } = about(question);
  const [row] = await clickhouse.select<Times>(
    'cannot read when a host was read',
    `SELECT
       toUnixTimestamp64Nano(maxOrNullIf(at, at < fromUnixTimestamp64Nano({from:Int64}, 'UTC'))) AS before,
       toUnixTimestamp64Nano(minOrNull(at)) AS first,
       toUnixTimestamp64Nano(maxOrNull(at)) AS last,
       (SELECT toUnixTimestamp64Nano(maxOrNull(started_at)) FROM vms WHERE ${where}) AS started,
       (SELECT toUnixTimestamp64Nano(minOrNull(at)) FROM vm_facts WHERE ended AND ${where}) AS ended
     FROM host_readings
     WHERE host IN (SELECT host FROM vms WHERE ${where}) AND at < fromUnixTimestamp64Nano({to:Int64}, 'UTC')`,
    { ...parameters, from: fromNs, to: toNs },
  );
  const at = (name: keyof Times): bigint => BigInt(row?.[name] ?? 0n);
  const isFromBefore = at('before') > 0n;
  const begin = isFromBefore ? at('before') : at('first');
  const lived = { from: at('started'), to: at('ended') > 0n ? at('ended') : at('last') };
  const ns = (lived.to < at('last') ? lived.to : at('last')) - (lived.from > begin ? lived.from : begin);
  return { seconds: ns > 0n ? Number(ns) / 1e9 : null, isFromBefore, firstNs: at('first') };
}
