/** Whatever is repeated, reordered or lost on the way, and whatever the store forgets: the totals are the same. */
import { batchOf } from '@tcewatch/testing/series-batches';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Batch } from '@tcewatch/protocol';
import type { Store } from '../../src/store/index.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

let around: Surroundings;

beforeAll(async () => {
  around = await surroundings();
});

afterAll(() => around.close());

const COUNTERS = ['entered', 'punted'] as const;
const LIOBNS = [0x7100_0002n, 0x8000_0000n];

/** What is gained between two readings by one counter of one VM on one LIOBN. */
const gain = fc.record({
  vm: fc.nat(1),
  counter: fc.constantFrom(...COUNTERS),
  liobn: fc.constantFrom(...LIOBNS),
  calls: fc.nat(2 ** 40),
});

/** What is measured between two readings: calls of one bucket of one VM, each of 3 us. */
const measure = fc.record({ vm: fc.nat(1), bucket: fc.nat(1), calls: fc.nat(2 ** 40) });

/** One epoch of one host: the gains before each of its readings, and the seconds since the one before. */
const epoch = fc.array(
  fc.record({
    after: fc.integer({ min: 1, max: 5000 }),
    gains: fc.array(gain, { maxLength: 4 }),
    measures: fc.array(measure, { maxLength: 3 }),
  }),
  {
    minLength: 1,
    maxLength: 6,
  },
);

type Readings = typeof epoch extends fc.Arbitrary<infer T> ? T : never;

/** A delivery: which batches are lost, in what order the rest comes, three times each, and where the store restarts. */
const history = fc.record({
  hosts: fc.array(fc.array(epoch, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 }),
  lost: fc.infiniteStream(fc.boolean()),
  order: fc.infiniteStream(fc.nat(2 ** 30)),
  groups: fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
  restarts: fc.infiniteStream(fc.boolean()),
});

/** A stream has no end. */
function next<T>(stream: IterableIterator<T>): T {
  return stream.next().value as T;
}

type Totals = Record<string, number>;

/** The batches of one host in order, each with whether it is the last of its epoch, and the totals that they end with. */
function batchesOf(epochs: readonly Readings[], host: string, totals: Totals): { batch: Batch; last: boolean }[] {
  let uptime = 0;
  return epochs.flatMap((readings, e) => {
    const values = new Map<string, number>();
    const measured = new Map<string, number>();
    return readings.map(({ after, gains, measures }, i) => {
      uptime += after;
      for (const { vm, counter, liobn, calls } of gains) {
        const key = `${vm} ${counter} ${liobn}`;
        values.set(key, (values.get(key) ?? 0) + calls);
        const total = `${host} vm${vm} ${counter}`;
        totals[total] = (totals[total] ?? 0) + calls;
      }
      const series = [...values].map(([key, value]) => {
        const [vm = '', counter = '', liobn = ''] = key.split(' ');
        return { vm: Number(vm), counter: counter as 'entered', liobn: BigInt(liobn), value };
      });
      for (const { vm, bucket, calls } of measures) {
        const key = `${vm} ${bucket}`;
        measured.set(key, (measured.get(key) ?? 0) + calls);
        const total = `${host} vm${vm} us`;
        totals[total] = (totals[total] ?? 0) + 3 * calls;
      }
      const latencies = [...measured].map(([key, calls]) => {
        const [vm, bucket] = key.split(' ').map(Number);
        return { vm: vm ?? 0, bucket: bucket ?? 0, calls, totalUs: 3 * calls };
      });
      const batch = batchOf({ uptime, host, epoch: String(e), series, latencies, vms: [{}, {}] });
      return { batch, last: i === readings.length - 1 };
    });
  });
}

async function totalsOf(store: Store): Promise<Totals> {
  const vms = await store.vms();
  const totals: Totals = {};
  for (const { hostId, life, vm } of vms) {
    const { spans } = await store.latency({ hostId, life });
    for (const { totalUs } of spans) if (totalUs > 0) totals[`${hostId} ${vm} us`] = totalUs;
  }
  for (const { hostId, life, counters } of await store.counters()) {
    const vm = vms.find((known) => known.hostId === hostId && known.life === life);
    for (const [counter, value] of Object.entries(counters)) totals[`${hostId} ${vm?.vm ?? '?'} ${counter}`] = value;
  }
  return totals;
}

let runs = 0;

it('totals are those of the history', async () => {
  await fc.assert(
    fc.asyncProperty(history, async ({ hosts, lost, order, groups, restarts }) => {
      const database = `history${runs++}`;
      const expected: Totals = {};
      const sent = hosts
        .flatMap((epochs, host) => batchesOf(epochs, `h${host}`, expected))
        .filter(({ last }) => last || !next(lost))
        .flatMap(({ batch }) => [batch, batch, batch])
        .map((batch) => ({ batch, place: next(order) }))
        .sort((a, b) => a.place - b.place)
        .map(({ batch }) => batch);
      let store = await around.open(database);
      for (let from = 0; from < sent.length;) {
        const size = next(groups);
        await store.insertBatches(sent.slice(from, from + size));
        from += size;
        if (next(restarts)) {
          await store.close();
          store = await around.open(database);
        }
      }
      expect(await totalsOf(store)).toEqual(expected);
      const sum = (counter: string): number =>
        Object.entries(expected).reduce((all, [key, calls]) => (key.endsWith(` ${counter}`) ? all + calls : all), 0);
      const stored = (await store.accounts()).map((row) => [row.counter, row.stored] as const);
      for (const counter of COUNTERS) {
        expect(stored.reduce((all, [of, calls]) => (of === counter ? all + calls : all), 0)).toBe(sum(counter));
      }
    }),
    { numRuns: 15 },
  );
});
