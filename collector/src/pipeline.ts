/**
 * Batches through the collector: store, detector, store again for the events, notifier. Batches count as taken when
 * their rows are durable. Events whose insert fails are kept and tried again with the next batches.
 */
import type { Batch } from '@tcewatch/protocol';
import type { BaseLogger } from 'pino';
import type { Detector } from './detector/index.js';
import type { HostWatch } from './hosts/watch.js';
import { StoreError } from './model.js';
import type { AlertEvent, BatchStore } from './model.js';
import type { SilenceWatch } from './silence/silence.js';

/** Events that wait for ClickHouse; past this number batches are refused until some are stored. */
const MAX_PENDING = 10_000;

export interface PipelineOptions {
  store: BatchStore;
  detector: Detector;
  /** Is told of each batch once it is stored. */
  watch: HostWatch;
  silence: SilenceWatch;
  /** Is told of each event once it is stored. */
  notify: (event: AlertEvent) => void;
  log: BaseLogger;
  /** Nanoseconds since 1970. */
  now: () => bigint;
}

export interface Pipeline {
  /** Resolves when all of the batches are durable; rejects with StoreError when one may not be. */
  accept(batches: readonly Batch[]): Promise<void>;
  /** Events that no batch made: stored and told as those of batches are. */
  raise(events: readonly AlertEvent[]): Promise<void>;
  /** Tries once more to store the events that wait; resolves also when that fails, which is logged. */
  flush(): Promise<void>;
  pendingEvents(): number;
}

export function createPipeline({ store, detector, watch, silence, notify, log, now }: PipelineOptions): Pipeline {
  let pending: AlertEvent[] = [];
  let flushing: Promise<void> | undefined;

  async function storeEvents(): Promise<void> {
    try {
      while (pending.length > 0) {
        const events = pending;
        await store.insertAlertEvents(events);
        pending = pending.slice(events.length);
        events.forEach(notify);
      }
    } catch (error) {
      log.error({ err: error, events: pending.length }, 'alert events are not stored yet; the next batches try again');
    } finally {
      flushing = undefined;
    }
  }

  function flush(): Promise<void> {
    if (pending.length > 0) flushing ??= storeEvents();
    return flushing ?? Promise.resolve();
  }

  function raise(events: readonly AlertEvent[]): Promise<void> {
    pending = [...pending, ...events];
    return flush();
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
      const spoken = silence.observe(batches, receivedNs);
      await raise([...spoken, ...batches.flatMap((batch) => detector.observe(batch))]);
    },
    raise,
    flush,
    pendingEvents: () => pending.length,
  };
}
