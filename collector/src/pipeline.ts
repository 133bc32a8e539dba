/**
 * Batches through the collector: store, detector, store again for the events, notifier. Batches count as taken when
 * their rows are durable. Events whose insert fails are kept and tried again with the next batches.
 */
import type { Batch } from '@tcewatch/protocol';
import type { BaseLogger } from 'pino';
import type { Detector } from './detector/index.js';
import { StoreError } from './model.js';
import type { AlertEvent, BatchStore } from './model.js';

/** Events that wait for ClickHouse; past this number batches are refused until some are stored. */
const MAX_PENDING = 10_000;
/** Hosts whose newest reading is remembered for metrics. */
const MAX_HOSTS = 10_000;

export interface PipelineOptions {
  store: BatchStore;
  detector: Detector;
  /** When each host was last read, as the store knows it from before. */
  lastRead: readonly { hostId: string; readAtNs: bigint }[];
  /** Is told of each event once it is stored. */
  notify: (event: AlertEvent) => void;
  log: BaseLogger;
}

export interface Pipeline {
  /** Resolves when all of the batches are durable; rejects with StoreError when one may not be. */
  accept(batches: readonly Batch[]): Promise<void>;
  /** Tries once more to store the events that wait; resolves also when that fails, which is logged. */
  flush(): Promise<void>;
  pendingEvents(): number;
  /** When each host was last read, of what has been stored. */
  readAtNs(): ReadonlyMap<string, bigint>;
}

export function createPipeline({ store, detector, lastRead, notify, log }: PipelineOptions): Pipeline {
  const readAtNs = new Map<string, bigint>();
  for (const host of lastRead) note(readAtNs, host.hostId, host.readAtNs);
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

  return {
    async accept(batches) {
      if (pending.length >= MAX_PENDING) {
        void flush();
        throw new StoreError(`${pending.length} alert events wait to be stored`, true);
      }
      await store.insertBatches(batches);
      for (const { host, clock } of batches) note(readAtNs, host.id, clock.wallNs);
      pending = [...pending, ...batches.flatMap((batch) => detector.observe(batch))];
      await flush();
    },
    flush,
    pendingEvents: () => pending.length,
    readAtNs: () => readAtNs,
  };
}

/** In the order in which hosts were last heard of, so that the longest silent are forgotten first. */
function note(readAtNs: Map<string, bigint>, hostId: string, atNs: bigint): void {
  const known = readAtNs.get(hostId) ?? 0n;
  readAtNs.delete(hostId);
  readAtNs.set(hostId, known > atNs ? known : atNs);
  const [silent] = readAtNs.keys();
  if (readAtNs.size > MAX_HOSTS && silent !== undefined) readAtNs.delete(silent);
}
