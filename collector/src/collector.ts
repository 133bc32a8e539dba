/** A collector in one piece: opens everything in order, connects the parts, and closes all in the reverse order. */
import { servedTls } from '@tcewatch/config';
import { noTelemetry } from '@tcewatch/opentelemetry';
import type { Telemetry } from '@tcewatch/opentelemetry';
import type { Batch } from '@tcewatch/protocol';
import type { Logger } from 'pino';
import { startEmbeddedClickHouse } from './clickhouse/index.js';
import type { EmbeddedClickHouse } from './clickhouse/index.js';
import type { CollectorConfig } from './config/index.js';
import { createDetector } from './detector/index.js';
import type { Detector, Rules } from './detector/index.js';
import { withGuests } from './guests/queries.js';
import { HostWatch } from './hosts/watch.js';
import { createBudget } from './intake/budget.js';
import { openKafkaIntake } from './intake/kafka/open.js';
import type { OpenKafkaIntake } from './intake/kafka/open.js';
import { addKafkaMetrics } from './metrics/kafka.js';
import { countBatches, countInsert, createMetrics } from './metrics/metrics.js';
import type { Metrics } from './metrics/metrics.js';
import { createDispatcher, createNotifier } from './notifier/index.js';
import { createPipeline } from './pipeline.js';
import type { Pipeline } from './pipeline.js';
import { buildServer } from './server.js';
import { checkBatch, openStore } from './store/index.js';
import type { Store } from './store/index.js';
import { wallClock } from './time.js';

/** How long notifications that wait may still be sent when the collector stops. */
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

  const detector = createDetector(rulesOf(config.detector));
  const watch = new HostWatch();
  const budget = createBudget(intake.maxInFlight);
  const metrics = createMetrics(() => ({
    detector: detector.size(),
    pendingAlertEvents: pipeline.pendingEvents(),
    inFlightBytes: budget.inUse(),
    hosts: () => watch.health(wallClock()),
    clickhouseRestarts: engine?.restarts,
  }));
  telemetry.exportMetrics(metrics.registry);

  const store = await openStore({
    clickhouse: {
      url: engine?.url ?? clickhouse.url ?? '',
      username: engine?.username ?? clickhouse.user,
      password: engine?.password ?? clickhouse.password?.reveal() ?? '',
    },
    database: clickhouse.database,
    cluster:
      clickhouse.cluster === undefined ? undefined : { name: clickhouse.cluster, replicaPath: clickhouse.replicaPath },
    timeoutMs: clickhouse.timeout,
    retention: clickhouse.retention,
    log,
    observe: (insert) => {
      countInsert(metrics, insert);
    },
  });
  onClose(() => store.close());
  detector.restore(await store.firingAlerts());
  watch.restore(await store.freshness(), await store.hostRuns(), wallClock());

  const dispatcher = createDispatcher(
    config.notifiers.map((notifier) => createNotifier(notifier, log)),
    {
      log,
      telemetry,
      count: (notifier, outcome) => {
        metrics.notifications.inc({ notifier, outcome });
      },
    },
  );
  onClose(() => dispatcher.close(AbortSignal.timeout(NOTIFY_ON_CLOSE)));

  const pipeline = createPipeline({
    store,
    watch,
    detector,
    log,
    now: wallClock,
    telemetry,
    notify: (event, traceparent) => {
      metrics.alertEvents.inc({ alert: event.alert, state: event.state, cause: event.cause.code });
      dispatcher.dispatch(event, traceparent);
    },
  });
  onClose(() => pipeline.flush());

  if (config.kafka.brokers.length > 0) {
    const kafka = await openKafka(config, { store, detector, pipeline, metrics }, log);
    onClose(() => kafka.close());
  }

  const server = await buildServer({
    tls: servedTls(listen.tls),
    log,
    registry: metrics.registry,
    api: { queries: withGuests(store), token: read.token, maxClockSkewMs: config.hosts.maxClockSkew },
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

interface KafkaSurroundings {
  store: Store;
  detector: Detector;
  pipeline: Pipeline;
  metrics: Metrics;
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
      deadLetter: (reason: string) => {
        metrics.deadLetters.inc({ reason });
      },
    },
  };
  const opened = await openKafkaIntake(config, parts, log);
  addKafkaMetrics(metrics.registry, () => opened.intake.state);
  return opened;
}

/** The embedded ClickHouse of the configuration. */
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

function rulesOf({ for: hold, keepFiringFor, ...same }: CollectorConfig['detector']): Rules {
  const nanoseconds = (milliseconds: number): bigint => BigInt(milliseconds) * 1_000_000n;
  return { ...same, forNs: nanoseconds(hold), keepFiringForNs: nanoseconds(keepFiringFor) };
}
