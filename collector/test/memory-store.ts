/** A store that keeps what it is given in memory and fails on demand: for tests of what stands before the store. */
import type { Batch } from '@tcewatch/protocol';
import type { AlertEvent } from '../src/alerts/event.js';
import type { BatchStore, StoreError } from '../src/model.js';

export interface MemoryStore extends BatchStore {
  batches: Batch[];
  events: AlertEvent[];
  /** What the next inserts reject with. */
  failure: { batches?: StoreError; events?: StoreError };
}

export function memoryStore(): MemoryStore {
  const store: MemoryStore = {
    batches: [],
    events: [],
    failure: {},
    insertBatches(batches) {
      if (store.failure.batches) return Promise.reject(store.failure.batches);
      store.batches.push(...batches);
      return Promise.resolve();
    },
    insertAlertEvents(events) {
      if (store.failure.events) return Promise.reject(store.failure.events);
      store.events.push(...events);
      return Promise.resolve();
    },
    firingAlerts: () => Promise.resolve([]),
  };
  return store;
}
