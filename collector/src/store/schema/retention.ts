/** Retention: sets the TTL of each table to what is configured, where it is not yet so. */
import { StoreError } from '../../model.js';
import type { ClickHouse } from '../client.js';
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
  /** Alert events, and who was told of them. */
  alerts: number;
  /** Single tables that are kept otherwise than their group. */
  tables?: Readonly<Partial<Record<KeptTable, number | undefined>>>;
}

/** A group of tables that are kept for the same time unless they are named singly. */
export type RetentionGroup = Exclude<keyof Retention, 'tables'>;

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

/**
 * Tables whose rows expire, by the name of their setting, with the column that their rows age by, and days after which
 * they expire though others of their group do not yet.
 */
const TABLES = {
  readings: { table: 'readings', column: 'at', group: 'readings' },
  readingsMinute: { table: 'readings_minute', column: 'minute', group: 'minutes' },
  readingsHour: { table: 'readings_hour', column: 'hour', group: 'hours' },
  // What a view of the last minutes needs; small, and no use later.
  readingsRecent: { table: 'readings_recent', column: 'bucket', group: 'readings', atMost: 2 },
  latencies: { table: 'latencies', column: 'at', group: 'readings' },
  latenciesMinute: { table: 'latencies_minute', column: 'minute', group: 'minutes' },
  latenciesHour: { table: 'latencies_hour', column: 'hour', group: 'hours' },
  hostReadings: { table: 'host_readings', column: 'at', group: 'hosts' },
  hostRuns: { table: 'host_runs', column: 'slot', group: 'hosts' },
  accounts: { table: 'accounts', column: 'at', group: 'hosts' },
  vmFacts: { table: 'vm_facts', column: 'at', group: 'hosts' },
  alertEvents: { table: 'alert_events', column: 'at', group: 'alerts' },
  notifications: { table: 'notifications', column: 'at', group: 'alerts' },
} as const satisfies Record<string, { table: string; column: string; group: RetentionGroup; atMost?: number }>;

export type KeptTable = keyof typeof TABLES;

/** Tables whose rows expire, as a list; `key` is the name of the setting. */
export const KEPT_TABLES = (Object.keys(TABLES) as KeptTable[]).map((key) => ({ key, ...TABLES[key] }));

/** Tables of which each is derived from the one before, which is finer. */
const ROLLUPS: readonly (readonly [finer: KeptTable, coarser: KeptTable])[] = [
  ['readings', 'readingsMinute'],
  ['readingsMinute', 'readingsHour'],
  ['latencies', 'latenciesMinute'],
  ['latenciesMinute', 'latenciesHour'],
];

/** Throws StoreError for days that are no number of days, and for an order under which counts could not be told. */
export function checkRetention(retention: Readonly<Retention>): void {
  for (const { setting, days } of KEPT_TABLES.map(({ key }) => keptFor(retention, key))) {
    if (Number.isInteger(days) && days >= 0 && days <= MAX_DAYS) continue;
    throw new StoreError(`${setting} (${days}) is no number of days from 0 (for ever) to ${MAX_DAYS}`, false);
  }
  for (const pair of ROLLUPS) {
    const [finer, coarser] = [keptFor(retention, pair[0]), keptFor(retention, pair[1])];
    if ((finer.days || Infinity) <= (coarser.days || Infinity)) continue;
    throw new StoreError(
      `${finer.setting} (${finer.days}) is longer than ${coarser.setting} (${coarser.days}); ` +
        'keep what is coarser at least as long, 0 is for ever',
      false,
    );
  }
}

/** Days of one table, and the setting that says so. */
function keptFor(retention: Readonly<Retention>, key: KeptTable): { setting: string; days: number } {
  const own = retention.tables?.[key];
  if (own !== undefined) return { setting: `retention.tables.${key}`, days: own };
  const { group, atMost = Infinity }: { group: RetentionGroup; atMost?: number } = TABLES[key];
  return { setting: `retention.${group}`, days: Math.min(retention[group], atMost) };
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
  for (const { key, table, column } of KEPT_TABLES) {
    const engine = tables.find(({ name }) => name === table)?.engine_full ?? '';
    const current = Number(/ TTL .*toIntervalDay\((\d+)\)/.exec(engine)?.[1] ?? 0);
    const { days } = keptFor(retention, key);
    if (days === current) continue;
    // An expression that is stored takes no query parameters; checkRetention has seen that `days` is a whole number.
    const change = days === 0 ? 'REMOVE TTL' : `MODIFY TTL toDateTime(${column}) + toIntervalDay(${days})`;
    await clickhouse.command(`cannot set how long ${table} keeps rows`, `${schema.alter(table)} ${change}`);
  }
}
