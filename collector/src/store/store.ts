/** The store: batches and alert events into ClickHouse, questions out of it. */
import type { BaseLogger } from 'pino';
import { StoreError } from '../model.js';
import type { AlertEvent } from '../alerts/event.js';
import type { BatchStore, NotificationStore } from '../model.js';
import { ClickHouse, DEFAULT_TIMEOUT_MS } from './client.js';
import type { ClickHouseAddress } from './client.js';
import { CLUSTER_SETTINGS, clusterSchema, localDatabase, prepareCluster } from './schema/cluster.js';
import type { Cluster } from './schema/cluster.js';
import { GroupCommit } from './group-commit.js';
import { PLAIN, migrate, readMigrations } from './schema/migrations.js';
import type { StoreQueries } from './types.js';
import { DEFAULT_RETENTION, applyRetention, checkRetention } from './schema/retention.js';
import type { Retention } from './schema/retention.js';
import { alertRow } from './rows.js';
import { selectAlertEvents, selectAlerts } from './select/alerts.js';
import { selectCounts, selectLiobns } from './select/counts.js';
import { selectLivingVms, selectNewestAlerts } from './select/fleet.js';
import { selectGuestSpans } from './select/guests.js';
import { selectAccounts, selectFreshness, selectHostRuns, selectHosts } from './select/hosts.js';
import { selectLatency } from './select/latency.js';
import { notificationsOf } from './select/notifications.js';
import { selectRecent } from './select/recent.js';
import { selectSteps } from './select/steps.js';
import { selectVms } from './select/vms.js';
import { wallClock } from '../time.js';
import { Writer, checkBatch } from './writer.js';
import type { InsertOutcome } from './writer.js';

/** Milliseconds for which inserts are tried again: enough for a server to restart, and a sender can wait for it. */
const INSIST_FOR_MS = 10_000;

export interface StoreOptions {
  clickhouse: ClickHouseAddress;
  /** Created when it is not there. Default `tcewatch`. */
  database?: string;
  /** Cluster whose tables are used. Default: none, the tables are those of one server. */
  cluster?: Cluster | undefined;
  /** Milliseconds that one answer of ClickHouse may take. Default one minute. */
  timeoutMs?: number;
  /** Milliseconds for which an insert that fails is tried again, with the same rows. Default {@link INSIST_FOR_MS}. */
  insistForMs?: number;
  /** Default: {@link DEFAULT_RETENTION}. */
  retention?: Partial<Retention>;
  log: BaseLogger;
  /** Clock by which batches are received, in nanoseconds since 1970. Default: this machine's. */
  now?: () => bigint;
  /** Called at every try of an insert of batches. */
  observe?: (insert: InsertOutcome) => void;
}

export interface Store extends BatchStore, NotificationStore, StoreQueries {
  /** Waits for what is being inserted, then lets go of the connections. */
  close(): Promise<void>;
}

/** Connects, migrates the schema and resolves to a store that is ready; rejects with StoreError. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const retention = { ...DEFAULT_RETENTION, ...options.retention };
  checkRetention(retention);
  const clickhouse = await openDatabase({ ...options, retention });
  const closing = new AbortController();
  const now = options.now ?? wallClock;
  const writer = new Writer(clickhouse, {
    observe: options.observe ?? (() => undefined),
    insistForMs: options.insistForMs ?? INSIST_FOR_MS,
    closing: closing.signal,
    now,
  });
  const commits = new GroupCommit((batches) => writer.write(batches));
  return {
    insertBatches: async (batches) => {
      batches.forEach(checkBatch);
      await commits.add(batches);
    },
    insertAlertEvents: async (events: readonly AlertEvent[]) => {
      const storedNs = now();
      const rows = events.map((event) => alertRow(event, storedNs));
      if (rows.length > 0) await clickhouse.insertObjects('alert_events', rows);
    },
    firingAlerts: () => selectAlerts(clickhouse, { state: 'firing' }),
    hosts: () => selectHosts(clickhouse),
    vms: (subject = {}) => selectVms(clickhouse, subject),
    counters: (question = {}) => selectCounts(clickhouse, question),
    livingVms: () => selectLivingVms(clickhouse),
    recent: () => selectRecent(clickhouse),
    counterSteps: (question) => selectSteps(clickhouse, question),
    liobns: (question) => selectLiobns(clickhouse, question),
    latency: (question) => selectLatency(clickhouse, question),
    alerts: (filter) => selectAlerts(clickhouse, filter),
    newestAlerts: () => selectNewestAlerts(clickhouse),
    alertEvents: (alertId) => selectAlertEvents(clickhouse, alertId),
    ...notificationsOf(clickhouse),
    accounts: () => selectAccounts(clickhouse),
    guestSpans: () => selectGuestSpans(clickhouse),
    freshness: () => selectFreshness(clickhouse),
    hostRuns: () => selectHostRuns(clickhouse),
    ping: () => clickhouse.command('ClickHouse is not ready', 'SELECT 1'),
    close: async () => {
      closing.abort();
      await commits.idle();
      await clickhouse.close();
    },
  };
}

/** Connects to the database, which is created and brought up to date. */
async function openDatabase(options: StoreOptions & { retention: Readonly<Retention> }): Promise<ClickHouse> {
  const { clickhouse: address, cluster, log, retention, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const { database = 'tcewatch' } = options;
  if (!/^[A-Za-z_]\w*$/.test(database)) {
    throw new StoreError(`${JSON.stringify(database)} is no name of a database: use letters, digits and _`, false);
  }
  const server = new ClickHouse(address, undefined, { timeoutMs });
  const tables = new ClickHouse(address, cluster ? localDatabase(database) : database, { timeoutMs });
  try {
    if (cluster) await prepareCluster(server, cluster, database);
    else await createDatabase(server, address.url, database);
    const schema = cluster ? clusterSchema(cluster, database) : PLAIN;
    await migrate(tables, await readMigrations(), log, schema);
    await applyRetention(tables, retention, schema);
  } finally {
    await Promise.all([server.close(), tables.close()]);
  }
  return new ClickHouse(address, database, { timeoutMs, ...(cluster && { settings: CLUSTER_SETTINGS }) });
}

async function createDatabase(server: ClickHouse, url: string, database: string): Promise<void> {
  const sql = 'CREATE DATABASE IF NOT EXISTS {database:Identifier}';
  await server.command(`cannot open the database ${database} at ${url}`, sql, { database });
}
