/**
 * Batches through the collector: store, detector, store again for the events, notifier. Batches count as taken when
 * their rows are durable. Events whose insert fails are kept and tried again after a while, and with the next batches.
 */
import { inSpans, noTelemetry } from '@tcewatch/opentelemetry';
import type { Span, Telemetry } from '@tcewatch/opentelemetry';
import type { Batch } from '@tcewatch/protocol';
import type { BaseLogger } from 'pino';
import type { Detector } from './alerts/index.js';
import type { HostWatch } from './hosts/watch.js';
import { StoreError } from './model.js';
import type { AlertEvent } from './alerts/event.js';
import type { BatchStore } from './model.js';
import type { SilenceWatch } from './alerts/telemetry-silent/watch.js';

/** Events that wait for ClickHouse; past this number batches are refused until some are stored. */
const MAX_PENDING = 10_000;
/** Milliseconds until events whose insert failed are tried again. */
const RETRY_MS = { first: 1000, longest: 30_000 };

export interface PipelineOptions {
  store: BatchStore;
  detector: Detector;
  /** Hears of each batch once it is stored. */
  watch: HostWatch;
  silence: SilenceWatch;
  /** Called with each event once it is stored, with its W3C traceparent where it is traced. */
  notify: (event: AlertEvent, traceparent: string | undefined) => void;
  log: BaseLogger;
  /** Nanoseconds since 1970. */
  now: () => bigint;
  /** Milliseconds until events whose insert failed are tried again, doubled at each failure up to the longest. */
  retryMs?: { first: number; longest: number };
  /** Default: none. */
  telemetry?: Telemetry;
}

/** An event that waits for ClickHouse, and the span of that. */
interface Pending {
  event: AlertEvent;
  span: Span;
}

export interface Pipeline {
  /** Resolves when all of the batches are durable; rejects with StoreError when one may not be. */
  accept(batches: readonly Batch[]): Promise<void>;
  /** Events that no batch made: stored and told as those of batches are. */
  raise(events: readonly AlertEvent[]): Promise<void>;
  /** Tries to store the events that wait; resolves also when that fails, which is logged. */
  flush(): Promise<void>;
  /** Tries for the last time to store the events that wait; resolves also when that fails. */
  close(): Promise<void>;
  pendingEvents(): number;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const { store, detector, watch, silence, notify, log, now, retryMs = RETRY_MS, telemetry = noTelemetry } = options;
  let pending: Pending[] = [];
  let flushing: Promise<void> | undefined;
  let closed = false;
  let delay = retryMs.first;
  let timer: NodeJS.Timeout | undefined;

  async function storeEvents(): Promise<void> {
    try {
      while (pending.length > 0) {
        const stored = pending;
        await store.insertAlertEvents(stored.map(({ event }) => event));
        pending = pending.slice(stored.length);
        for (const { event, span } of stored) {
          span.end();
          notify(event, span.traceparent);
        }
      }
      delay = retryMs.first;
    } catch (error) {
      log.error({ err: error, events: pending.length, retryInMs: delay }, 'alert events are not stored yet');
      tryLater();
    } finally {
      flushing = undefined;
    }
  }

  function tryLater(): void {
    clearTimeout(timer);
    if (closed) return;
    timer = setTimeout(() => void flush(), delay);
    delay = Math.min(2 * delay, retryMs.longest);
  }

  function flush(): Promise<void> {
    if (pending.length > 0) flushing ??= storeEvents();
    return flushing ?? Promise.resolve();
  }

  /** The span of an event begins a trace of its own where no batch made it. */
  function toPending(event: AlertEvent, parent?: string): Pending {
    const { alert, state, alertId, cause, hostId, vm } = event;
    const attributes = {
      'host.id': hostId,
      ...(vm && { 'tcewatch.vm.name': vm.name }),
      'tcewatch.alert.name': alert,
      'tcewatch.alert.state': state,
      'tcewatch.alert.id': alertId,
      'tcewatch.alert.cause': cause.code,
    };
    return { event, span: telemetry.startSpan('alert', { parent, attributes }) };
  }

  /** The events that one more batch makes; each is a part of the batch's trace. */
  function detect(batch: Batch, receivedNs: bigint, parent: string | undefined): Pending[] {
    const events = [...silence.observe([batch], receivedNs), ...detector.observe(batch)];
    return events.map((event) => toPending(event, parent));
  }

  async function take(batches: readonly Batch[], parents: readonly (string | undefined)[]): Promise<void> {
    const receivedNs = now();
    await inSpans(telemetry, 'insert', { kind: 'client', parents }, () => store.insertBatches(batches));
    watch.observe(batches, receivedNs);
    pending = [...pending, ...batches.flatMap((batch, i) => detect(batch, receivedNs, parents[i]))];
    await flush();
  }

  function raise(events: readonly AlertEvent[]): Promise<void> {
    pending = [...pending, ...events.map((event) => toPending(event))];
    return flush();
  }

  return {
    async accept(batches) {
      if (pending.length >= MAX_PENDING) {
        void flush();
        throw new StoreError(`${pending.length} alert events wait to be stored`, true);
      }
      const parents = batches.map(({ traceparent }) => traceparent);
      await inSpans(telemetry, 'intake', { kind: 'consumer', parents }, (intake) => take(batches, intake));
    },
    raise,
    flush,
    async close() {
      closed = true;
      clearTimeout(timer);
      await flush();
    },
    pendingEvents: () => pending.length,
  };
}
