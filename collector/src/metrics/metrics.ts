/** Metrics of the collector itself, for Prometheus. One object for each collector, so that tests can run several. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { ErrorCode } from '../errors.js';
import type { HostHealth } from '../hosts/watch.js';
import type { InsertOutcome } from '../store/index.js';

/** Figures that other parts know, asked for at each scrape. */
export interface Observed {
  detector: { hosts: number; lives: number; firing: number };
  pendingAlertEvents: number;
  inFlightBytes: number;
  /** Lists the hosts of which something was stored. There may be thousands, so only those gauges ask that need them. */
  hosts: () => readonly HostHealth[];
  /** Undefined where ClickHouse is not embedded. */
  clickhouseRestarts: number | undefined;
  /** Milliseconds that the oldest event has waited for each notifier; 0 where none does. */
  notificationAges: readonly { notifier: string; ms: number }[];
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Registers everything; `observed` is called at each scrape. */
export function createMetrics(observed: () => Observed) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: (now: Observed) => number | undefined): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = read(observed());
        if (value === undefined) this.reset();
        else this.set(value);
      },
    });
  };
  gauge('tcewatch_collector_detector_hosts', 'Hosts that are watched', (now) => now.detector.hosts);
  gauge('tcewatch_collector_detector_vms', 'Lives of VMs that are watched', (now) => now.detector.lives);
  gauge('tcewatch_collector_alerts_firing', 'Alerts that fire', (now) => now.detector.firing);
  gauge('tcewatch_collector_alert_events_pending', 'Events not stored yet', (now) => now.pendingAlertEvents);
  gauge('tcewatch_collector_intake_bytes', 'Bytes of batches in flight', (now) => now.inFlightBytes);
  new Counter({
    name: 'tcewatch_collector_clickhouse_restarts_total',
    help: 'Restarts of the embedded engine; absent where ClickHouse is not embedded',
    // Without a label there would be a 0 at once, and of a server nobody knows.
    labelNames: ['engine'],
    registers,
    collect() {
      this.reset();
      const { clickhouseRestarts } = observed();
      if (clickhouseRestarts !== undefined) this.inc({ engine: 'embedded' }, clickhouseRestarts);
    },
  });
  new Gauge({
    name: 'tcewatch_collector_notification_oldest_age_seconds',
    help: 'How long the oldest event has waited for a notifier; 0: none waits',
    labelNames: ['notifier'],
    registers,
    collect() {
      for (const { notifier, ms } of observed().notificationAges) this.set({ notifier }, ms / 1000);
    },
  });
  const hostGauge = (name: string, help: string, read: (host: HostHealth) => number | null): void => {
    new Gauge({
      name,
      help,
      labelNames: ['host'],
      registers,
      collect() {
        this.reset();
        for (const host of observed().hosts()) {
          const value = read(host);
          if (value !== null) this.set({ host: host.hostId }, value);
        }
      },
    });
  };
  const seconds = (ns: bigint): number => Number(ns) / 1e9;
  hostGauge(
    'tcewatch_collector_host_read_timestamp_seconds',
    'When a host was last read, on its own clock, of what has been stored',
    ({ readAtNs }) => seconds(readAtNs),
  );
  hostGauge(
    'tcewatch_collector_newest_reading_age_seconds',
    'Age of the newest reading of a host that is stored: tells silence from health',
    ({ ageNs }) => seconds(ageNs),
  );
  hostGauge(
    'tcewatch_collector_host_clock_ahead_seconds',
    "How far a host's clock is at least ahead of the collector's; negative: behind, or no reading came fresh",
    ({ clockAheadNs }) => (clockAheadNs === null ? null : seconds(clockAheadNs)),
  );
  hostGauge(
    'tcewatch_collector_host_claimants',
    'Runs of agents that claim the key of one host at the same time, where there are several',
    ({ claimants }) => (claimants > 0 ? claimants : null),
  );
  return {
    registry,
    batches: new Counter({
      name: 'tcewatch_collector_batches_total',
      help: 'Batches by outcome: accepted, or why not; a request refused as a whole counts as one',
      labelNames: ['outcome'],
      registers,
    }),
    decodeFailures: new Counter({
      name: 'tcewatch_collector_decode_failures_total',
      help: 'Batches that could not be decoded, by error and field',
      labelNames: ['code', 'field'],
      registers,
    }),
    deadLetters: new Counter({
      name: 'tcewatch_collector_dead_letters_total',
      help: 'Records of Kafka that went to the dead-letter topic, by reason',
      labelNames: ['reason'],
      registers,
    }),
    storeRows: new Counter({
      name: 'tcewatch_collector_store_rows_total',
      help: 'Rows that ClickHouse has acknowledged',
      labelNames: ['table'],
      registers,
    }),
    storeFailures: new Counter({
      name: 'tcewatch_collector_store_failures_total',
      help: 'Tries of inserts that failed, by why',
      labelNames: ['table', 'failure'],
      registers,
    }),
    storeSeconds: new Histogram({
      name: 'tcewatch_collector_store_insert_seconds',
      help: 'Duration of inserts',
      labelNames: ['table'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    alertEvents: new Counter({
      name: 'tcewatch_collector_alert_events_total',
      help: 'Events of alerts by state and cause',
      labelNames: ['alert', 'state', 'cause'],
      registers,
    }),
    notifications: new Counter({
      name: 'tcewatch_collector_notifications_total',
      help: 'Notifications by outcome: sent, retried, failed, dropped, or repeated while the alert fires',
      labelNames: ['notifier', 'outcome'],
      registers,
    }),
  };
}

/** Counts batches of the intake: taken, or why not. */
export function countBatches(
  metrics: Metrics,
  outcome: 'accepted' | { code: ErrorCode; field?: string },
  batches: number,
): void {
  if (outcome === 'accepted') {
    metrics.batches.inc({ outcome }, batches);
    return;
  }
  const { code, field } = outcome;
  metrics.batches.inc({ outcome: code }, batches);
  // Without its indexes a field is one of the schema's, so that senders cannot make series without end.
  if (field !== undefined) metrics.decodeFailures.inc({ code, field: field.replaceAll(/\[\d+\]/g, '[]') }, batches);
}

/** Counts one insert of the store. */
export function countInsert(metrics: Metrics, { table, rows, seconds, error }: InsertOutcome): void {
  metrics.storeSeconds.observe({ table }, seconds);
  if (error) metrics.storeFailures.inc({ table, failure: error.failure });
  else metrics.storeRows.inc({ table }, rows);
}
