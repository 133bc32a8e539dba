import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createDetector } from '../src/detector/index.js';
import { HostWatch } from '../src/hosts/watch.js';
import { StoreError } from '../src/model.js';
import type { AlertEvent } from '../src/model.js';
import { createPipeline } from '../src/pipeline.js';
import { SilenceWatch } from '../src/silence/index.js';
import { BOOTED_NS, SECOND, batchOf } from './batches.js';
import { memoryStore } from './memory-store.js';

const log = pino({ level: 'silent' });
const gone = new StoreError('ClickHouse is gone', true);

/** Batches ten seconds apart of a VM all of whose calls are punted: the third one fires. */
const punted = [0, 1, 2, 3, 4].map((i) =>
  batchOf({ uptime: 100 + 10 * i, vms: [{ name: 'a', counts: { H_PUT_TCE: { entered: 100 * i, punted: 100 * i } } }] }),
);

function setUp() {
  const store = memoryStore();
  const notified: AlertEvent[] = [];
  const watch = new HostWatch();
  const pipeline = createPipeline({
    store,
    detector: createDetector(),
    watch,
    silence: new SilenceWatch(),
    notify: (event) => notified.push(event),
    log,
    now: () => BOOTED_NS + 150n * SECOND,
  });
  return { store, notified, pipeline, watch };
}

describe('the pipeline', () => {
  it('stores batches, then events, then tells of them', async () => {
    const { store, notified, pipeline } = setUp();
    for (const batch of punted) await pipeline.accept([batch]);
    expect(store.batches).toEqual(punted);
    expect(store.events.map(({ state }) => state)).toEqual(['firing']);
    expect(notified).toEqual(store.events);
    expect(pipeline.pendingEvents()).toBe(0);
  });

  it('neither takes nor looks at a batch that the store has not', async () => {
    const { store, notified, pipeline, watch } = setUp();
    store.failure.batches = gone;
    for (const batch of punted) await expect(pipeline.accept([batch])).rejects.toBe(gone);
    expect([notified, watch.health(0n)]).toEqual([[], []]);
    store.failure = {};
    for (const batch of punted) await pipeline.accept([batch]);
    expect(notified).toHaveLength(1);
  });

  it('keeps an event that is not stored, and stores and tells it with the next batch', async () => {
    const { store, notified, pipeline } = setUp();
    store.failure.events = gone;
    for (const batch of punted.slice(0, 4)) await pipeline.accept([batch]);
    expect([pipeline.pendingEvents(), notified]).toEqual([1, []]);
    store.failure = {};
    await pipeline.accept([batchOf({ uptime: 140, vms: [] })]);
    expect(store.events.map(({ state }) => state)).toEqual(['firing', 'resolved']);
    expect(notified).toEqual(store.events);
  });

  it('stores what waits when it is flushed, each event once', async () => {
    const { store, notified, pipeline } = setUp();
    store.failure.events = gone;
    for (const batch of punted) await pipeline.accept([batch]);
    store.failure = {};
    await Promise.all([pipeline.flush(), pipeline.flush(), pipeline.accept(punted.slice(0, 1))]);
    expect(store.events).toHaveLength(1);
    expect(notified).toHaveLength(1);
  });

  it('takes batches at once, and loses no event that comes while others are being stored', async () => {
    const { store, pipeline } = setUp();
    const hosts = ['h', 'i', 'j'];
    for (const batch of punted) {
      await Promise.all(hosts.map((id) => pipeline.accept([{ ...batch, host: { ...batch.host, id } }])));
    }
    expect(store.events.map(({ hostId }) => hostId).sort()).toEqual(hosts);
  });

  it('tells the watch of hosts what is stored, and when it came', async () => {
    const { pipeline, watch } = setUp();
    await pipeline.accept(punted);
    expect(watch.health(BOOTED_NS + 200n * SECOND)).toEqual([
      {
        hostId: 'h',
        readAtNs: BOOTED_NS + 140n * SECOND,
        ageNs: 60n * SECOND,
        clockAheadNs: -10n * SECOND,
        claimants: 0,
      },
    ]);
  });
});
