/** A collector in one piece: opens everything in order, connects the parts, and closes all in the reverse order. */
import { servedTls } from '@tcewatch/common';
import { noTelemetry } from '@tcewatch/opentelemetry';
import type { Telemetry } from '@tcewatch/opentelemetry';
import type { Batch } from '@tcewatch/protocol';
import type { Logger } from 'pino';
import { AlertFeed } from './api/feed.js';
import { startEmbeddedClickHouse } from './embedded-clickhouse/index.js';
import type { EmbeddedClickHouse } from './embedded-clickhouse/index.js';
import { policyOf } from './config/index.js';
import type { CollectorConfig } from './config/index.js';
import type { ErrorCode } from './errors.js';
import { createDetector } from './alerts/index.js';
import type { Detector } from './alerts/index.js';
import { withGuests } from './guests/queries.js';
import { HostWatch } from './hosts/watch.js';
import { createBudget } from './intake/budget.js';
import { openKafkaIntake } from './intake/kafka/open.js';
import type { OpenKafkaIntake } from './intake/kafka/open.js';
import { addKafkaMetrics } from './metrics/kafka.js';
import { countBatches, countInsert, createMetrics } from './metrics/metrics.js';
import type { Metrics } from './metrics/metrics.js';
import { createDispatcher, createNotifiers, createRecords, untold } from './notifier/index.js';
import type { Dispatcher } from './notifier/index.js';
import { createPipeline } from './pipeline.js';
import type { Pipeline } from './pipeline.js';
import { buildServer } from './http/server.js';
import { SilenceWatch, watchSilence } from './alerts/telemetry-silent/index.js';
import { checkBatch, openStore } from './store/index.js';
import type { Store, StoreOptions } from './store/index.js';
import { wallClock } from './time.js';

/** Milliseconds for which waiting notifications may still be sent when the collector stops. */
const NOTIFY_ON_CLOSE = 10_000;

export interface Collector {
  /** Where it listens: `http://127.0.0.1:9915`. */
  readonly url: string;
  /** Refuses new batches, finishes those in flight, and closes the store. */
  close(): Promise<void>;
}

/** Resolves when the collector listens; rejects with StoreError, or with what listening failed of. */
export async function startCollector(
  config: CollectorConfig,
  log: Logger,
  telemetry: Telemetry = noTelemetry,
): Promise<Collector> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let last = opened.pop(); last; last = opened.pop()) await last();
  };
  try {
    const url = await open(config, { log, telemetry }, (closer) => opened.push(closer));
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  config: CollectorConfig,
  { log, telemetry }: { log: Logger; telemetry: Telemetry },
  onClose: (close: () => Promise<void>) => void,
): Promise<string> {
  const { clickhouse, intake, listen, read } = config;
  let engine: EmbeddedClickHouse | undefined;
  if (clickhouse.url === undefined) {
    engine = await startEngine(config, log);
    onClose(() => engine?.close() ?? Promise.resolve());
  }

  const policy = policyOf(config.detector);
  const detector = createDetector(policy);
  const watch = new HostWatch();
  const silence = new SilenceWatch(policy);
  const budget = createBudget(intake.maxInFlight);
  const metrics = createMetrics(() => ({
    detector: detector.size(),
    pendingAlertEvents: pipeline.pendingEvents(),
    inFlightBytes: budget.inUse(),
    hosts: () => watch.health(wallClock()),
    clickhouseRestarts: engine?.restarts,
    notificationAges: dispatcher.ages(),
  }));
  telemetry.exportMetrics(metrics.registry);

  const store = await openStore({
    ...storeOptions(clickhouse, engine),
    log,
    observe: (insert) => {
      countInsert(metrics, insert);
    },
  });
  onClose(() => store.close());
  const firing = await store.firingAlerts();
  const [freshness, runs, spans] = await Promise.all([store.freshness(), store.hostRuns(), store.guestSpans()]);
  detector.restore(firing);
  watch.restore(freshness, runs, wallClock());
  const names = new Map(runs.map(({ hostId, name }) => [hostId, name]));
  silence.restore(
    { freshness, names, guests: new Map(spans.map(({ hostId, uuid }) => [hostId, uuid])), firing },
    wallClock(),
  );

  const dispatcher = await openDispatcher(config, { store, detector, metrics, telemetry }, log, onClose);

  const feed = new AlertFeed({
    storedAfter: (ns) => store.alertEventsStoredAfter(ns),
    now: wallClock,
    onError: (error) => {
      log.warn({ err: error }, 'alerts of other collectors are shown later');
    },
  });
  const pipeline = createPipeline({
    store,
    watch,
    silence,
    detector,
    log,
    now: wallClock,
    telemetry,
    notify: (event, traceparent) => {
      feed.publish(event);
      metrics.alertEvents.inc({ alert: event.alert, state: event.state, cause: event.cause.code });
      dispatcher.dispatch(event, { parent: traceparent });
    },
  });
  onClose(() => pipeline.close());
  onClose(watchSilence({ silence, store, detector, raise: (events) => pipeline.raise(events), log, now: wallClock }));

  if (config.kafka.brokers.length > 0) {
    const kafka = await openKafka(config, { store, detector, pipeline, metrics }, log);
    onClose(() => kafka.close());
  }

  const server = await buildServer({
    tls: servedTls(listen.tls),
    log,
    registry: metrics.registry,
    api: { queries: withGuests(store), feed, token: read.token, maxClockSkewMs: config.hosts.maxClockSkew },
    intake: {
      check: checkBatch,
      accept: (batches) => pipeline.accept(batches),
      token: intake.token,
      maxBytes: intake.maxBytes,
      budget,
      count: (outcome, batches) => {
        countBatches(metrics, outcome, batches);
      },
    },
  });
  onClose(() => server.close());
  return server.listen({
    host: listen.address,
    port: listen.port,
    listenTextResolver: (address) => `takes batches at ${address}/v1/batches`,
  });
}

interface NotifierSurroundings {
  store: Store;
  detector: Detector;
  metrics: Metrics;
}

/** Opens the notifiers, which are told at once of what fires and of what a collector before this one left untold. */
async function openDispatcher(
  { notifiers, publicUrl, links }: CollectorConfig,
  { store, detector, metrics, telemetry }: NotifierSurroundings & { telemetry: Telemetry },
  log: Logger,
  onClose: (close: () => Promise<void>) => void,
): Promise<Dispatcher> {
  const receivers = notifiers.flatMap((notifier) => createNotifiers(notifier, { links: { publicUrl, ...links }, log }));
  const missed = await untold(
    store,
    receivers.map(({ name }) => name),
    wallClock(),
  );
  const records = createRecords(store, { log, now: wallClock });
  onClose(() => records.close());
  const dispatcher = createDispatcher(receivers, {
    log,
    telemetry,
    count: (notifier, outcome, events) => {
      metrics.notifications.inc({ notifier, outcome }, events);
    },
    told: (notifier, events) => {
      records.add(notifier, events);
    },
    firing: async () => {
      const stored = await store.firingAlerts().catch((error: unknown) => {
        log.warn({ err: error }, 'alerts of hosts that another collector watches are not told again this time');
        return [];
      });
      return detector.firing(stored);
    },
  });
  onClose(() => dispatcher.close(AbortSignal.timeout(NOTIFY_ON_CLOSE)));
  for (const { notifier, event } of missed) dispatcher.dispatch(event, { notifier });
  return dispatcher;
}

interface KafkaSurroundings extends NotifierSurroundings {
  pipeline: Pipeline;
}

async function openKafka(
  config: CollectorConfig,
  { store, detector, pipeline, metrics }: KafkaSurroundings,
  log: Logger,
): Promise<OpenKafkaIntake> {
  const parts = {
    check: checkBatch,
    accept: (batches: readonly Batch[]) => pipeline.accept(batches),
    beforeTaking: async () => {
      detector.restore(await store.firingAlerts());
    },
    onHostsGone: (hosts: ReadonlySet<string>) => {
      detector.forget(hosts);
    },
    count: {
      accepted: (batches: number) => {
        countBatches(metrics, 'accepted', batches);
      },
      deadLetter: (reason: ErrorCode) => {
        metrics.deadLetters.inc({ reason });
      },
    },
  };
  const opened = await openKafkaIntake(config, parts, log);
  addKafkaMetrics(metrics.registry, () => opened.intake.state);
  return opened;
}

/** Options of the store: of a server, or of the engine that was started. */
export function storeOptions(
  clickhouse: CollectorConfig['clickhouse'],
  engine?: EmbeddedClickHouse,
): Omit<StoreOptions, 'log'> {
  const { cluster, database, password, replicaPath, retention, timeout, url = '', user } = clickhouse;
  return {
    clickhouse: engine ?? { url, username: user, password: password?.reveal() ?? '' },
    database,
    cluster: cluster === undefined ? undefined : { name: cluster, replicaPath },
    timeoutMs: timeout,
    retention,
  };
}

/** Starts the embedded ClickHouse of the configuration. */
export function startEngine({ clickhouse }: CollectorConfig, log: Logger): Promise<EmbeddedClickHouse> {
  const { embedded, password } = clickhouse;
  const { user: username, password: secret } = embedded.reader;
  return startEmbeddedClickHouse({
    ...embedded,
    ...(password && { password: password.reveal() }),
    reader: { username, password: secret?.reveal() },
    log,
  });
}
