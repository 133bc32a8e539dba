/** How long rows are kept: sets the TTL of each table to what is configured, where it is not yet so. */
import { StoreError } from '../model.js';
import type { ClickHouse } from './client.js';
import { PLAIN } from './migrations.js';
import type { Schema } from './migrations.js';

/** Days that rows are kept, by their own time; 0 keeps them for ever. */
export interface Retention {
  /** Readings and latencies, as their rollups below. */
  readings: number;
  minutes: number;
  hours: number;
  /** Host readings and runs, accounts and facts of VMs. */
  hosts: number;
  alerts: number;
}

/** Totals, hosts and VMs are small and kept for ever. */
export const DEFAULT_RETENTION: Readonly<Retention> = {
  readings: 30,
  minutes: 180,
  hours: 1830,
  hosts: 180,
  alerts: 1830,
};

/** A TTL ends as DateTime, in 2106. */
const MAX_DAYS = 25_000;

/** The column that a table's rows age by; `atMost`: no longer than so many days, unless for ever. */
const TABLES: readonly { table: string; column: string; keep: keyof Retention; atMost?: number }[] = [
  { table: 'readings', column: 'at', keep: 'readings' },
  { table: 'readings_minute', column: 'minute', keep: 'minutes' },
  { table: 'readings_hour', column: 'hour', keep: 'hours' },
  { table: 'readings_recent', column: 'bucket', keep: 'readings', atMost: 2 },
  { table: 'latencies', column: 'at', keep: 'readings' },
  { table: 'latencies_minute', column: 'minute', keep: 'minutes' },
  { table: 'latencies_hour', column: 'hour', keep: 'hours' },
  { table: 'host_readings', column: 'at', keep: 'hosts' },
  { table: 'host_runs', column: 'slot', keep: 'hosts' },
  { table: 'accounts', column: 'at', keep: 'hosts' },
  { table: 'vm_facts', column: 'at', keep: 'hosts' },
  { table: 'alert_events', column: 'at', keep: 'alerts' },
];

/** Throws StoreError for days that are no number of days, and for an order under which counts could not be told. */
export function checkRetention(retention: Readonly<Retention>): void {
  for (const [keep, days] of Object.entries(retention) as [keyof Retention, number][]) {
    if (Number.isInteger(days) && days >= 0 && days <= MAX_DAYS) continue;
    throw new StoreError(`retention.${keep} (${days}) is no number of days from 0 (for ever) to ${MAX_DAYS}`, false);
  }
  const days = (keep: keyof Retention): number => (retention[keep] === 0 ? Infinity : retention[keep]);
  for (const [fine, coarse] of [
    ['readings', 'minutes'],
    ['minutes', 'hours'],
  ] as const) {
    if (days(fine) <= days(coarse)) continue;
    throw new StoreError(
      `retention.${fine} (${retention[fine]}) is longer than retention.${coarse} (${retention[coarse]}); ` +
        'keep what is coarser at least as long, 0 is for ever',
      false,
    );
  }
}

/** Sets each TTL that differs; rejects with StoreError. */
export async function applyRetention(
  clickhouse: ClickHouse,
  retention: Readonly<Retention>,
  schema: Schema = PLAIN,
): Promise<void> {
  const tables = await clickhouse.select<{ name: string; engine_full: string }>(
    'cannot read how long rows are kept',
    'SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()',
  );
  for (const { table, column, keep, atMost = MAX_DAYS } of TABLES) {
    const engine = tables.find(({ name }) => name === table)?.engine_full ?? '';
    const current = Number(/ TTL .*toIntervalDay\((\d+)\)/.exec(engine)?.[1] ?? 0);
    const days = Math.min(retention[keep], atMost);
    if (days === current) continue;
    // An expression that is stored takes no query parameters; checkRetention has seen that `days` is a whole number.
    const change = days === 0 ? 'REMOVE TTL' : `MODIFY TTL toDateTime(${column}) + toIntervalDay(${days})`;
    await clickhouse.command(`cannot set how long ${table} keeps rows`, `${schema.alter(table)} ${change}`);
  }
}
