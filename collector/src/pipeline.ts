/**
 * Batches through the collector: store, detector, store again for the events, notifier. Batches count as taken when
 * their rows are durable. Events whose insert fails are kept and tried again after a while, and with the next batches.
 */
import type { Batch } from '@tcewatch/protocol';
import type { BaseLogger } from 'pino';
import type { Detector } from './detector/index.js';
import type { HostWatch } from './hosts/watch.js';
import { StoreError } from './model.js';
import type { AlertEvent, BatchStore } from './model.js';

/** Events that wait for ClickHouse; past this number batches are refused until some are stored. */
const MAX_PENDING = 10_000;
/** Until events are tried again whose insert failed, in milliseconds. */
const RETRY_MS = { first: 1000, longest: 30_000 };

export interface PipelineOptions {
  store: BatchStore;
  detector: Detector;
  /** Is told of each batch once it is stored. */
  watch: HostWatch;
  /** Is told of each event once it is stored. */
  notify: (event: AlertEvent) => void;
  log: BaseLogger;
  /** Nanoseconds since 1970. */
  now: () => bigint;
  /** Milliseconds until events whose insert failed are tried again, doubled at each failure up to the longest. */
  retryMs?: { first: number; longest: number };
}

export interface Pipeline {
  /** Resolves when all of the batches are durable; rejects with StoreError when one may not be. */
  accept(batches: readonly Batch[]): Promise<void>;
  /** Tries to store the events that wait; resolves also when that fails, which is logged. */
  flush(): Promise<void>;
  /** The same for the last time. */
  close(): Promise<void>;
  pendingEvents(): number;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const { store, detector, watch, notify, log, now, retryMs = RETRY_MS } = options;
  let pending: AlertEvent[] = [];
  let flushing: Promise<void> | undefined;
  let closed = false;
  let delay = retryMs.first;
  let timer: NodeJS.Timeout | undefined;

  async function storeEvents(): Promise<void> {
    try {
      while (pending.length > 0) {
        const events = pending;
        await store.insertAlertEvents(events);
        pending = pending.slice(events.length);
        events.forEach(notify);
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

  return {
    async accept(batches) {
      if (pending.length >= MAX_PENDING) {
        void flush();
        throw new StoreError(`${pending.length} alert events wait to be stored`, true);
      }
      const receivedNs = now();
      await store.insertBatches(batches);
      watch.observe(batches, receivedNs);
      pending = [...pending, ...batches.flatMap((batch) => detector.observe(batch))];
      await flush();
    },
    flush,
    async close() {
      closed = true;
      clearTimeout(timer);
      await flush();
    },
    pendingEvents: () => pending.length,
  };
}
