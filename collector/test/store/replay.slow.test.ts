/** A topic read again from its beginning, an outbox that catches up, a part of either: real batches, the real engine. */
import type { Batch } from '@tcewatch/protocol';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Store } from '../../src/store/index.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

let around: Surroundings;
let batches: Batch[];
let expected: unknown;
let databases = 0;

beforeAll(async () => {
  around = await surroundings();
  // Two hosts of one topic; of every seventh reading and the last one the totals are the same.
  const hosts = await Promise.all([recordedBatches('vfio-7.2'), recordedBatches('fallback-6.1')]);
  batches = hosts.flatMap((all) => all.filter((_, i) => i % 7 === 0 || i === all.length - 1));
  const store = await around.open('inorder');
  for (const batch of batches) await store.insertBatches([batch]);
  expected = await answersOf(store);
});

afterAll(() => around.close());

/** Everything that is asked of the store and that counts are in, steps of a plot too. */
async function answersOf(store: Store): Promise<unknown> {
  const vms = await store.vms();
  const { wallNs: toNs } = batches.reduce((a, b) => (a.clock.wallNs > b.clock.wallNs ? a : b)).clock;
  const steps = await Promise.all(
    vms.map(({ life }) =>
      store.counterSteps({ life, fromNs: toNs - 1_200_000_000_000n, toNs, stepNs: 60_000_000_000n }),
    ),
  );
  return {
    vms: vms.map(({ hostId, vm, tgid, ended }) => ({ hostId, vm, tgid, ended })),
    counts: await store.counters(),
    ranges: await store.counters({ fromNs: toNs - 600_000_000_000n, toNs: toNs - 60_000_000_000n }),
    accounts: await store.accounts(),
    liobns: await Promise.all(vms.map(({ life }) => store.liobns({ life }))),
    read: await store.freshness(),
    steps,
  };
}

it('has counts in it to begin with', () => {
  expect(expected).toMatchObject({
    accounts: [
      { counter: 'entered', stored: 122_450 },
      { counter: 'punted', stored: 44_842 },
      { counter: 'entered', stored: 280_091 },
      { counter: 'punted', stored: 30_871 },
    ],
  });
});

it('gives the same answers in any order, in part and then whole, however often it comes', async () => {
  const delivery = fc.record({
    part: fc.nat({ max: 100 }),
    order: fc.constantFrom('forwards', 'backwards', 'shuffled'),
    seed: fc.integer(),
    size: fc.integer({ min: 1, max: 40 }),
    twice: fc.boolean(),
    restart: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(delivery, async ({ part, order, seed, size, twice, restart }) => {
      const database = `replayed${databases++}`;
      let store = await around.open(database);
      const first = batches.slice(0, Math.floor((batches.length * part) / 100));
      await store.insertBatches(first);
      if (restart) store = await around.open(database);
      const all = ordered(twice ? [...batches, ...batches] : batches, order, seed);
      for (let from = 0; from < all.length; from += size) await store.insertBatches(all.slice(from, from + size));
      expect(await answersOf(store)).toEqual(expected);
    }),
    { numRuns: 8 },
  );
});

function ordered(all: readonly Batch[], order: 'forwards' | 'backwards' | 'shuffled', seed: number): Batch[] {
  if (order === 'forwards') return [...all];
  if (order === 'backwards') return all.toReversed();
  const [shuffled = []] = fc.sample(fc.shuffledSubarray([...all], { minLength: all.length }), { numRuns: 1, seed });
  return shuffled;
}
