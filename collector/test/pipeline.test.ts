import { BOOTED_NS, SECOND, batchOf } from '@tcewatch/testing/batches';
import { recordingTelemetry } from '@tcewatch/testing/recording-telemetry';
import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { createDetector } from '../src/alerts/index.js';
import { HostWatch } from '../src/hosts/watch.js';
import { StoreError } from '../src/model.js';
import type { AlertEvent } from '../src/alerts/event.js';
import { createPipeline } from '../src/pipeline.js';
import { SilenceWatch } from '../src/alerts/telemetry-silent/watch.js';
import { memoryStore } from './memory-store.js';

const log = pino({ level: 'silent' });
const gone = new StoreError('ClickHouse is gone', true);

/** Batches ten seconds apart of a VM all of whose calls are punted: the third one fires. */
const punted = [0, 1, 2, 3, 4].map((i) =>
  batchOf({ uptime: 100 + 10 * i, vms: [{ name: 'a', counts: { H_PUT_TCE: { entered: 100 * i, punted: 100 * i } } }] }),
);

function setUp(retryMs = { first: 600_000, longest: 600_000 }) {
  const store = memoryStore();
  const notified: AlertEvent[] = [];
  const watch = new HostWatch();
  const telemetry = recordingTelemetry();
  const parents: (string | undefined)[] = [];
  const pipeline = createPipeline({
    store,
    detector: createDetector(),
    watch,
    silence: new SilenceWatch(),
    notify: (event, traceparent) => {
      notified.push(event);
      parents.push(traceparent);
    },
    telemetry,
    log,
    now: () => BOOTED_NS + 150n * SECOND,
    retryMs,
  });
  return { store, notified, parents, pipeline, watch, telemetry };
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

  it('goes on with the trace of each batch, and of the one that an alert comes from', async () => {
    const { store, pipeline, parents, telemetry } = setUp();
    const trace = (i: number) => `00-${String(i + 1).repeat(32)}-${'a'.repeat(16)}-01`;
    store.failure.events = gone;
    await pipeline.accept(punted.map((batch, i) => ({ ...batch, traceparent: trace(i) })));
    const named = (name: string) => telemetry.spans.filter((span) => span.name === name);
    const intake = named('intake');
    expect(intake.map(({ parent, kind }) => [parent, kind])).toEqual(punted.map((_, i) => [trace(i), 'consumer']));
    expect(named('insert').map(({ parent }) => parent)).toEqual(intake.map(({ traceparent }) => traceparent));
    const attributes = { 'host.id': 'h', 'tcewatch.vm.name': 'a', 'tcewatch.alert.state': 'firing' };
    expect(named('alert')).toMatchObject([{ parent: intake[2]?.traceparent, attributes, ended: false }]);
    store.failure = {};
    await pipeline.flush();
    expect(named('alert')).toMatchObject([{ ended: true, failure: undefined }]);
    expect(parents).toEqual(named('alert').map(({ traceparent }) => traceparent));
  });

  it('traces an insert that fails as what it is', async () => {
    const { store, pipeline, telemetry } = setUp();
    store.failure.batches = gone;
    await expect(pipeline.accept(punted.slice(0, 1))).rejects.toBe(gone);
    expect(telemetry.spans).toMatchObject([
      { name: 'intake', parent: undefined, ended: true, failure: gone.message },
      { name: 'insert', ended: true, failure: gone.message },
    ]);
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

  it('keeps trying to store an event by itself, when no batch comes any more', async () => {
    const { store, notified, pipeline } = setUp({ first: 1, longest: 5 });
    const refused: unknown[] = [];
    const insert = store.insertAlertEvents.bind(store);
    store.insertAlertEvents = (events) => (refused.push(events), Promise.reject(gone));
    for (const batch of punted.slice(0, 3)) await pipeline.accept([batch]);
    await expect.poll(() => refused.length).toBeGreaterThan(3);
    store.insertAlertEvents = insert;
    await expect.poll(() => notified).toHaveLength(1);
    expect(pipeline.pendingEvents()).toBe(0);
    await pipeline.close();
  });

  it('does not try again after it was closed', async () => {
    vi.useFakeTimers();
    try {
      const { store, pipeline } = setUp();
      store.failure.events = gone;
      for (const batch of punted.slice(0, 3)) await pipeline.accept([batch]);
      expect(vi.getTimerCount()).toBe(1);
      await pipeline.close();
      expect([vi.getTimerCount(), pipeline.pendingEvents()]).toEqual([0, 1]);
    } finally {
      vi.useRealTimers();
    }
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
