/** Requests that hold more than one batch. */
import { encodeBatch, frameBatches } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { batchOf } from '@tcewatch/testing/batches';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { createDetector } from '../../../src/alerts/index.js';
import { HostWatch } from '../../../src/hosts/watch.js';
import { createBudget, httpIntake } from '../../../src/intake/http.js';
import type { IntakeOptions } from '../../../src/intake/http.js';
import { countBatches, createMetrics } from '../../../src/metrics/metrics.js';
import { StoreError } from '../../../src/model.js';
import type { BatchStore } from '../../../src/model.js';
import { createPipeline } from '../../../src/pipeline.js';
import { SilenceWatch } from '../../../src/alerts/telemetry-silent/watch.js';
import { checkBatch } from '../../../src/store/index.js';
import { memoryStore } from '../../memory-store.js';

let app: FastifyInstance | undefined;
afterEach(() => app?.close());

/** Batches ten seconds apart of a VM all of whose calls are punted: the third one fires. */
const punted = [0, 1, 2, 3, 4].map((i) =>
  batchOf({ uptime: 100 + 10 * i, vms: [{ name: 'a', counts: { H_PUT_TCE: { entered: 100 * i, punted: 100 * i } } }] }),
);
const good = punted.map(encodeBatch);
const nobody = encodeBatch({
  ...batchOf({ uptime: 10, vms: [] }),
  host: { ...batchOf({ uptime: 10, vms: [] }).host, id: '' },
});
const garbage = Buffer.from('hello');

/** The intake with all that follows it but ClickHouse. */
async function collector(given: Partial<IntakeOptions> = {}) {
  const log = pino({ level: 'silent' });
  const kept = memoryStore();
  const inserts: Batch[][] = [];
  const store: BatchStore = {
    ...kept,
    insertBatches: (batches) => {
      inserts.push([...batches]);
      return kept.insertBatches(batches);
    },
  };
  const metrics = createMetrics(() => ({
    detector: { hosts: 0, lives: 0, firing: 0 },
    pendingAlertEvents: 0,
    inFlightBytes: 0,
    hosts: () => [],
    clickhouseRestarts: undefined,
    notificationAges: [],
  }));
  const detector = createDetector();
  const pipeline = createPipeline({
    store,
    detector,
    watch: new HostWatch(),
    silence: new SilenceWatch(),
    now: () => 0n,
    notify: () => undefined,
    log,
  });
  app = fastify();
  await app.register(httpIntake, {
    check: checkBatch,
    accept: (batches) => pipeline.accept(batches),
    maxBytes: 100_000,
    budget: createBudget(1_000_000),
    count: (outcome, batches) => {
      countBatches(metrics, outcome, batches);
    },
    ...given,
  });
  const server = app;
  const post = (...frames: Uint8Array[]) =>
    server.inject({
      method: 'POST',
      url: '/v1/batches',
      headers: { 'content-type': 'application/x-protobuf' },
      payload: Buffer.from(frameBatches(frames)),
    });
  const outcomes = async () =>
    Object.fromEntries(
      (await metrics.batches.get()).values.map(({ labels, value }) => [String(labels.outcome), value]),
    );
  return { post, store: kept, inserts, outcomes };
}

describe('a request of several batches', () => {
  it('is stored in one insert, and looked at in its order', async () => {
    const { post, store, inserts, outcomes } = await collector();
    const response = await post(...good);
    expect([response.statusCode, response.json()]).toEqual([202, { accepted: 5, refused: [] }]);
    expect(inserts).toEqual([punted]);
    expect(store.events.map(({ state }) => state)).toEqual(['firing']);
    expect(await outcomes()).toEqual({ accepted: 5 });
  });

  it('loses no good batch to a bad one', async () => {
    const { post, inserts, outcomes } = await collector();
    const [first, second] = [good[0]!, good[1]!];
    const response = await post(nobody, first, garbage, second);
    expect([response.statusCode, response.json()]).toEqual([
      202,
      {
        accepted: 2,
        refused: [
          { index: 0, error: 'invalid', field: 'host.id', message: 'batch invalid: host.id: is missing' },
          {
            index: 2,
            error: 'malformed',
            field: 'batch',
            message: expect.stringContaining('is no protobuf') as string,
          },
        ],
      },
    ]);
    expect(inserts).toEqual([punted.slice(0, 2)]);
    expect(await outcomes()).toEqual({ accepted: 2, invalid: 1, malformed: 1 });
  });

  it('is refused as its first, with the list, when none is good', async () => {
    const { post, inserts, outcomes } = await collector();
    const many = encodeBatch({ ...punted[0]!, problems: Array.from({ length: 300 }, () => 'x') });
    const response = await post(many, garbage);
    expect(response.statusCode).toBe(413);
    expect(response.json()).toMatchObject({
      error: 'too-large',
      field: 'problems',
      refused: [
        { index: 0, error: 'too-large' },
        { index: 1, error: 'malformed' },
      ],
    });
    expect(inserts).toEqual([]);
    expect(await outcomes()).toEqual({ 'too-large': 1, malformed: 1 });
  });

  it('does not lose its good batches to one whose time no table can hold', async () => {
    const { post, inserts } = await collector();
    const late = { ...punted[1]!, clock: { wallNs: 2n ** 62n + 2n ** 61n, uptimeNs: 1n } };
    const response = await post(good[0]!, encodeBatch(late), good[2]!);
    expect([response.statusCode, response.json()]).toMatchObject([
      202,
      { accepted: 2, refused: [{ index: 1, error: 'invalid', field: 'wall_ns' }] },
    ]);
    expect(inserts).toEqual([[punted[0], punted[2]]]);
  });

  it('is to be sent again as a whole when the store has not taken it', async () => {
    const { post, store, outcomes } = await collector();
    store.failure.batches = new StoreError('no connection', true);
    const response = await post(...good, garbage);
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5']);
    expect(response.json()).toMatchObject({ error: 'store-unavailable' });
    expect(await outcomes()).toEqual({ 'store-unavailable': 5 });
    store.failure = {};
    expect((await post(...good, garbage)).json()).toMatchObject({ accepted: 5, refused: [{ index: 5 }] });
    expect(store.batches).toEqual(punted);
  });
});
