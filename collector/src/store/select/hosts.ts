/** Hosts: what they are, when they were read, who spoke for them, and whether their books balance. */
import type { HostRun } from '../../hosts/agent-runs.js';
import type { ClickHouse } from '../client.js';
import type { AccountRow, HostRow } from '../types.js';

export async function selectHosts(clickhouse: ClickHouse): Promise<HostRow[]> {
  const rows = await clickhouse.select<
    Omit<HostRow, 'intervalNs' | 'readAtNs'> & { intervalNs: string; readAtNs: string }
  >(
    'cannot read hosts',
    `SELECT
       host AS hostId, name AS hostName, kernel, cpu, platform, agent_version AS agentVersion, source,
       boot_id AS bootId, epoch, interval_ns AS intervalNs, toUnixTimestamp64Nano(at) AS readAtNs, problems
     FROM hosts
     ORDER BY at DESC
     LIMIT 1 BY host`,
  );
  return rows
    .map((row) => ({ ...row, intervalNs: BigInt(row.intervalNs), readAtNs: BigInt(row.readAtNs) }))
    .sort((a, b) => a.hostName.localeCompare(b.hostName));
}

export async function selectFreshness(clickhouse: ClickHouse): Promise<{ hostId: string; readAtNs: bigint }[]> {
  const rows = await clickhouse.select<{ hostId: string; readAtNs: string }>(
    'cannot read when hosts were read',
    'SELECT host AS hostId, toUnixTimestamp64Nano(max(at)) AS readAtNs FROM hosts GROUP BY host ORDER BY host',
  );
  return rows.map(({ hostId, readAtNs }) => ({ hostId, readAtNs: BigInt(readAtNs) }));
}

type RunRow = { [K in keyof HostRun]: string };

export async function selectHostRuns(clickhouse: ClickHouse): Promise<HostRun[]> {
  const rows = await clickhouse.select<RunRow>(
    'cannot read who spoke for hosts',
    `SELECT
       host AS hostId, toInt64(toUnixTimestamp(slot)) * 1000000000 AS slotNs, boot_id AS bootId, run, max(name) AS name,
       min(booted_first) AS bootedFirstNs, max(booted_last) AS bootedLastNs, min(uptime_first) AS uptimeFirstNs,
       max(uptime_last) AS uptimeLastNs, min(delay) AS delayNs
     FROM host_runs
     INNER JOIN (SELECT host, max(at) AS newest FROM hosts GROUP BY host) AS newest USING (host)
     WHERE slot >= toStartOfTenMinutes(newest) - INTERVAL 10 MINUTE
     GROUP BY host, slot, boot_id, run
     ORDER BY host, slot, boot_id, run`,
  );
  return rows.map(({ hostId, bootId, run, name, ...times }) => ({
    hostId,
    bootId,
    run,
    name,
    slotNs: BigInt(times.slotNs),
    bootedFirstNs: BigInt(times.bootedFirstNs),
    bootedLastNs: BigInt(times.bootedLastNs),
    uptimeFirstNs: BigInt(times.uptimeFirstNs),
    uptimeLastNs: BigInt(times.uptimeLastNs),
    delayNs: BigInt(times.delayNs),
  }));
}

interface AccountSums {
  hostId: string;
  counter: AccountRow['counter'];
  seen: string;
  stored: string;
  tableFull: string;
  overwritten: string;
  dropped: string;
  unreported: string;
}

/** `seen` and the losses come from the accounts alone, `stored` from the series alone. */
export async function selectAccounts(clickhouse: ClickHouse): Promise<AccountRow[]> {
  const rows = await clickhouse.select<AccountSums>(
    'cannot read accounts',
    `SELECT
       host AS hostId, counter, sum(seen) AS seen, sum(stored) AS stored,
       sum(table_full) AS tableFull, sum(overwritten) AS overwritten, sum(dropped) AS dropped,
       sum(unreported) AS unreported
     FROM (
       SELECT
         host, counter, max(seen) AS seen, 0 AS stored,
         max(table_full) AS table_full, max(overwritten) AS overwritten, max(dropped) AS dropped,
         max(unreported) AS unreported
       FROM accounts_total
       GROUP BY host, counter, epoch
       UNION ALL
       SELECT host, counter, 0, max(value), 0, 0, 0, 0
       FROM readings_total
       WHERE counter IN ('entered', 'punted')
       GROUP BY host, life, hypercall, counter, scope, liobn, epoch
     )
     GROUP BY host, counter
     ORDER BY host, counter`,
  );
  return rows.map((row) => {
    const losses = {
      'table-full': Number(row.tableFull),
      overwritten: Number(row.overwritten),
      dropped: Number(row.dropped),
      unreported: Number(row.unreported),
    };
    const lost = Object.values(losses).reduce((sum, events) => sum + events, 0);
    return {
      hostId: row.hostId,
      counter: row.counter,
      seen: Number(row.seen),
      stored: Number(row.stored),
      lost,
      losses,
    };
  });
}
