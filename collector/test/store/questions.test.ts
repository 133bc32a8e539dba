/** Questions whose answers depend on more than the newest values. */
import { UNATTRIBUTED_LIFE, deriveId } from '@tcewatch/protocol';
import { BOOTED, LIFE, SECOND, batchOf } from '@tcewatch/testing/series-batches';
import type { TestSeries } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StoreError } from '../../src/model.js';
import type { Store } from '../../src/store/index.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

let around: Surroundings;

beforeAll(async () => {
  around = await surroundings();
});

afterAll(() => around.close());

const UNSIZED = { entered_unsized: 3, punted_unsized: 2 };
const at = (uptime: number): bigint => BOOTED + BigInt(uptime) * SECOND;

async function entered(store: Store, fromNs?: bigint, toNs?: bigint): Promise<number | undefined> {
  const range = { ...(fromNs !== undefined && { fromNs }), ...(toNs !== undefined && { toNs }) };
  const rows = await store.counters({ life: LIFE, ...range });
  return rows.find(({ hypercall }) => hypercall === 'H_PUT_TCE')?.counters.entered;
}

it('a range begins with its first instant and ends before its last, wherever that falls', async () => {
  const store = await around.open('ranges');
  // Across a minute and an hour; between 70 and 7000 s nothing is read.
  const values = { 10: 1, 59: 10, 60: 100, 70: 1000, 7000: 10_000, 7201: 100_000 };
  for (const [uptime, value] of Object.entries(values)) {
    await store.insertBatches([batchOf({ uptime: Number(uptime), series: [{ value }] })]);
  }
  const counted = (instant: number): number =>
    Math.max(0, ...Object.entries(values).flatMap(([uptime, value]) => (Number(uptime) < instant ? [value] : [])));
  for (const [from, to] of [
    [10, 11],
    [11, 59],
    [59, 60],
    [60, 71],
    [61, 7200],
    [3600, 7200],
    [7000, 7202],
    [5, 8000],
  ] as const) {
    expect(await entered(store, at(from), at(to)), `from ${from} to ${to}`).toBe(counted(to) - counted(from));
  }
  expect(await entered(store, at(61))).toBe(100_000 - 100);
  expect(await entered(store, undefined, at(61))).toBe(100);
  expect(await entered(store)).toBe(100_000);
  expect(await entered(store, undefined, at(10))).toBeUndefined();
});

it('epochs of a counter add up', async () => {
  const store = await around.open('epochs');
  for (const [epoch, uptime, value] of [
    ['e1', 10, 100],
    ['e1', 20, 150],
    ['e2', 30, 7],
    ['e2', 40, 9],
    ['e1', 15, 120],
  ] as const) {
    await store.insertBatches([batchOf({ uptime, epoch, series: [{ value }] })]);
  }
  expect(await entered(store)).toBe(159);
  expect(await entered(store, at(15), at(31))).toBe(57);
});

it('LIOBNs and scopes are summed, counters and hypercalls are not; what was not told is left out', async () => {
  const store = await around.open('labels');
  const series: TestSeries[] = [
    { liobn: 1n, value: 1 },
    { liobn: 2n ** 64n - 1n, value: 10 },
    { liobn: 0n, scope: 'other', value: 100 },
    { counter: 'punted', scope: 'all', liobn: 0n, value: 4 },
    { hypercall: 'H_STUFF_TCE', counter: 'entered_entries', value: 512 },
    { hypercall: 'H_STUFF_TCE', counter: 'issued', value: 0 },
    { hypercall: 'H_STUFF_TCE', counter: 'entered_unsized', value: 3 },
    { hypercall: 'H_STUFF_TCE', counter: 'punted_unsized', value: 2 },
  ];
  await store.insertBatches([batchOf({ uptime: 1, series })]);
  expect(await store.counters()).toEqual([
    { hostId: 'h1', life: LIFE, hypercall: 'H_PUT_TCE', counters: { entered: 111, punted: 4 } },
    { hostId: 'h1', life: LIFE, hypercall: 'H_STUFF_TCE', counters: { entered_entries: 512, issued: 0, ...UNSIZED } },
  ]);
  const range = await store.counters({ fromNs: at(0), toNs: at(7200) });
  expect(range).toEqual(await store.counters());
  const steps = await store.counterSteps({ life: LIFE, fromNs: at(0), toNs: at(3600), stepNs: 3600n * SECOND });
  expect(steps.find(({ hypercall }) => hypercall === 'H_STUFF_TCE')?.counters).toMatchObject(UNSIZED);
  expect((await store.liobns({ life: LIFE })).map(({ scope, liobn, counters }) => [scope, liobn, counters])).toEqual([
    ['one', 1n, { entered: 1 }],
    ['one', 0x8000_0000n, { entered_entries: 512, issued: 0, ...UNSIZED }],
    ['one', 2n ** 64n - 1n, { entered: 10 }],
    ['all', 0n, { punted: 4 }],
    ['other', 0n, { entered: 100 }],
  ]);
});

it('hosts are told apart, the VM unattributed of each too', async () => {
  const store = await around.open('hosts');
  const vms = [{ life: UNATTRIBUTED_LIFE, name: 'unattributed' }];
  await store.insertBatches(
    ['a', 'b'].map((host, i) => batchOf({ uptime: 1, host, vms, series: [{ value: 10 + i }] })),
  );
  const counts = async (question: Parameters<Store['counters']>[0]): Promise<unknown[]> =>
    (await store.counters(question)).map(({ hostId, counters }) => [hostId, counters.entered]);
  expect(await counts({ hostId: 'a' })).toEqual([['a', 10]]);
  expect(await counts({ hostId: 'b', life: UNATTRIBUTED_LIFE })).toEqual([['b', 11]]);
  expect(await counts({ life: UNATTRIBUTED_LIFE })).toEqual([
    ['a', 10],
    ['b', 11],
  ]);
  expect(await counts({ hostId: "a' OR 1 = 1 --" })).toEqual([]);
  expect((await store.vms({ hostId: 'b' })).map(({ hostId, vm }) => [hostId, vm])).toEqual([['b', 'unattributed']]);
});

it('steps without a reading say so, and their calls are in the next one', async () => {
  const store = await around.open('steps');
  await store.insertBatches([batchOf({ uptime: 5, series: [{ value: 50 }] })]);
  await store.insertBatches([batchOf({ uptime: 10, series: [{ value: 60 }] })]);
  await store.insertBatches([batchOf({ uptime: 20, series: [{ value: 60 }] })]);
  await store.insertBatches([batchOf({ uptime: 49, series: [{ value: 100 }] })]);
  const steps = await store.counterSteps({ life: LIFE, fromNs: at(10), toNs: at(45), stepNs: 10n * SECOND });
  expect(steps).toEqual(
    [
      [10, 10, true],
      [20, 0, true],
      [30, 0, false],
      [40, 40, true],
    ].map(([uptime, gained, read]) => ({
      atNs: at(Number(uptime)),
      hypercall: 'H_PUT_TCE',
      counters: { entered: gained },
      read,
    })),
  );
});

it.each([
  [SECOND / 2n, 'no whole number of seconds'],
  [SECOND, 'has 20000 steps'],
])('a step of %s ns can be too fine for the range', async (stepNs, words) => {
  const store = await around.open('steps');
  const question = store.counterSteps({ life: LIFE, fromNs: at(0), toNs: at(20_000), stepNs });
  await expect(question).rejects.toThrow(words);
  await expect(question).rejects.toBeInstanceOf(StoreError);
});

it('books say what was lost and how, over all epochs, and what is stored they do not make up', async () => {
  const store = await around.open('books');
  const accounts = [
    {
      counter: 'entered' as const,
      seen: 10,
      losses: [
        { kind: 'table-full' as const, events: 2 },
        { kind: 'overwritten' as const, events: 1 },
        { kind: 'unreported' as const, events: 3 },
      ],
    },
  ];
  await store.insertBatches([batchOf({ uptime: 1, series: [{ value: 7 }], accounts })]);
  await store.insertBatches([batchOf({ uptime: 2, epoch: 'e2', series: [{ value: 4 }], accounts })]);
  expect(await store.accounts()).toEqual([
    {
      hostId: 'h1',
      counter: 'entered',
      seen: 20,
      stored: 11,
      lost: 12,
      losses: { 'table-full': 4, overwritten: 2, dropped: 0, unreported: 6 },
    },
  ]);
});

it('facts of a VM are the newest that could be seen, and an end is never taken back', async () => {
  const store = await around.open('facts');
  const tell = async (uptime: number, vm: Parameters<typeof batchOf>[0]['vms']): Promise<void> => {
    await store.insertBatches([batchOf({ uptime, series: [], ...(vm && { vms: vm }) })]);
  };
  const descriptors = (tceTables: number): object => ({ tceTables, vfioGroups: tceTables === 1 ? [2, 5] : [] });
  const facts = (uptime: number, tceTables: number): object => ({
    facts: { observedNs: BigInt(uptime) * SECOND, descriptors: descriptors(tceTables), memlockBytes: 2n ** 64n - 1n },
  });
  await tell(1, [{}]);
  expect((await store.vms())[0]?.facts).toBeNull();
  await tell(2, [facts(2, 2)]);
  await tell(3, [facts(3, 2)]);
  await tell(4, [facts(4, 1)]);
  await tell(4.5, [{}]);
  await tell(5, [{ ended: true }]);
  await tell(3.5, [facts(3, 2)]);
  const [vm] = await store.vms();
  expect(vm).toMatchObject({ vm: 'vm0', tgid: 100, ended: true, startedAtNs: at(1) });
  expect(vm?.facts).toEqual({
    observedAtNs: at(4),
    tceTables: 1,
    vfioGroups: [2, 5],
    memlockBytes: 2n ** 64n - 1n,
    qemu: null,
    libvirtDomain: null,
    podUid: null,
    mmu: null,
    vcpus: null,
  });
});

it('what was never stored is answered with nothing', async () => {
  const store = await around.open('nothing');
  const life = deriveId('nobody');
  expect(await Promise.all([store.hosts(), store.vms(), store.counters(), store.accounts()])).toEqual([[], [], [], []]);
  expect(await store.liobns({ life })).toEqual([]);
  expect(await store.counterSteps({ life, fromNs: at(0), toNs: at(10), stepNs: SECOND })).toEqual([]);
  await store.ping();
});
