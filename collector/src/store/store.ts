/** The store: batches and alert events into ClickHouse, questions out of it. */
import type { BaseLogger } from 'pino';
import { StoreError } from '../model.js';
import type { AlertEvent, BatchStore } from '../model.js';
import { ClickHouse } from './client.js';
import type { ClickHouseAddress } from './client.js';
import { GroupCommit } from './group-commit.js';
import { migrate, readMigrations } from './migrations.js';
import type { Queries } from './queries.js';
import { DEFAULT_RETENTION, applyRetention, checkRetention } from './retention.js';
import type { Retention } from './retention.js';
import { alertRow } from './rows.js';
import { selectAlerts } from './select/alerts.js';
import { selectCounts, selectLiobns } from './select/counts.js';
import { selectGuestSpans } from './select/guests.js';
import { selectLatency } from './select/latency.js';
import { selectAccounts, selectFreshness, selectHosts } from './select/hosts.js';
import { selectSteps } from './select/steps.js';
import { selectVms } from './select/vms.js';
import { Writer, checkBatch } from './writer.js';
import type { InsertOutcome } from './writer.js';

export interface StoreOptions {
  clickhouse: ClickHouseAddress;
  /** Created when it is not there. Default `tcewatch`. */
  database?: string;
  /** Default: {@link DEFAULT_RETENTION}. */
  retention?: Partial<Retention>;
  log: BaseLogger;
  /** Told of every insert of batches. */
  observe?: (insert: InsertOutcome) => void;
}

export interface Store extends BatchStore, Queries {
  /** Waits for what is being inserted, then lets go of the connections. */
  close(): Promise<void>;
}

/** Connects, migrates the schema and resolves to a store that is ready; rejects with StoreError. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const retention = { ...DEFAULT_RETENTION, ...options.retention };
  checkRetention(retention);
  const clickhouse = await openDatabase(options.clickhouse, options.database ?? 'tcewatch');
  try {
    await migrate(clickhouse, await readMigrations(), options.log);
    await applyRetention(clickhouse, retention);
  } catch (error) {
    await clickhouse.close();
    throw error;
  }
  const writer = new Writer(clickhouse, options.observe ?? (() => undefined));
  const commits = new GroupCommit((batches) => writer.write(batches));
  return {
    insertBatches: async (batches) => {
      batches.forEach(checkBatch);
      await commits.add(batches);
    },
    insertAlertEvents: async (events: readonly AlertEvent[]) => {
      if (events.length > 0) await clickhouse.insertObjects('alert_events', events.map(alertRow));
    },
    firingAlerts: () => selectAlerts(clickhouse, { state: 'firing' }),
    hosts: () => selectHosts(clickhouse),
    vms: (subject = {}) => selectVms(clickhouse, subject),
    counters: (question = {}) => selectCounts(clickhouse, question),
    counterSteps: (question) => selectSteps(clickhouse, question),
    liobns: (question) => selectLiobns(clickhouse, question),
    latency: (question) => selectLatency(clickhouse, question),
    alerts: (filter) => selectAlerts(clickhouse, filter),
    accounts: () => selectAccounts(clickhouse),
    guestSpans: () => selectGuestSpans(clickhouse),
    freshness: () => selectFreshness(clickhouse),
    ping: () => clickhouse.command('ClickHouse is not ready', 'SELECT 1'),
    close: async () => {
      await commits.idle();
      await clickhouse.close();
    },
  };
}

/** A connection to the database, which is created when it is not there. */
async function openDatabase(address: ClickHouseAddress, database: string): Promise<ClickHouse> {
  if (!/^[A-Za-z_]\w*$/.test(database)) {
    throw new StoreError(`${JSON.stringify(database)} is no name of a database: use letters, digits and _`, false);
  }
  const server = new ClickHouse(address);
  try {
    await server.command(
      `cannot open the database ${database} at ${address.url}`,
      'CREATE DATABASE IF NOT EXISTS {database:Identifier}',
      { database },
    );
  } finally {
    await server.close();
  }
  return new ClickHouse(address, database);
}
