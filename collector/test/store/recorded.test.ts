/** Real hosts, stored and asked for: the figures are those of recordings/README.md, to the call. */
import type { Batch } from '@tcewatch/protocol';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CountRow, Store, VmRow } from '../../src/store/index.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

let around: Surroundings;

beforeAll(async () => {
  around = await surroundings();
});

afterAll(() => around.close());

/** Sums over hypercalls by VM name. */
async function calls(store: Store, rows: readonly CountRow[]): Promise<Record<string, [number, number]>> {
  const vms = await store.vms();
  const sums: Record<string, [number, number]> = {};
  for (const { life, counters } of rows) {
    const vm = vms.find((known) => known.life === life);
    const sum = (sums[`${vm?.vm ?? '?'}/${vm?.tgid ?? '?'}`] ??= [0, 0]);
    sum[0] += counters.entered ?? 0;
    sum[1] += counters.punted ?? 0;
  }
  return sums;
}

const VFIO = {
  'vfa/178': [5706 + 80_885 + 86_255, 0],
  'hot/630': [2 + 3 + 10 + 6637 + 9609 + 7150 + 9610 + 3429 + 3185 + 5730 + 1 + 6287 + 5826 + 6288 + 5826, 30_871],
  'hot/7214': [10_631 + 10_628 + 1910 + 1784 + 2814 + 11 + 4678 + 5196, 0],
};

describe('vfio-7.2', () => {
  let store: Store;
  let batches: Batch[];
  let at: (uptime: number) => bigint;

  beforeAll(async () => {
    batches = await recordedBatches('vfio-7.2');
    const { wallNs = 0n, uptimeNs = 0n } = batches[0]?.clock ?? {};
    at = (uptime) => wallNs - uptimeNs + BigInt(uptime) * 1_000_000_000n;
    store = await around.open('vfio');
    await Promise.all(batches.map((batch) => store.insertBatches([batch])));
  });

  it('has every call of each VM', async () => {
    expect(await calls(store, await store.counters())).toEqual(VFIO);
    expect(280_091).toBe(Object.values(VFIO).reduce((sum, [entered = 0]) => sum + entered, 0));
  });

  it('balances', async () => {
    const losses = { 'table-full': 0, overwritten: 0, dropped: 0, unreported: 0 };
    expect(await store.accounts()).toMatchObject([
      { counter: 'entered', seen: 280_091, stored: 280_091, lost: 0, losses },
      { counter: 'punted', seen: 30_871, stored: 30_871, lost: 0, losses },
    ]);
  });

  it('has punts in the time when the table was out of the kernel, and no others', async () => {
    const [before, meanwhile, after] = await Promise.all([
      store.counters({ toNs: at(259) }),
      store.counters({ fromNs: at(259), toNs: at(525) }),
      store.counters({ fromNs: at(525) }),
    ]);
    const punts = (rows: readonly CountRow[]): number =>
      rows.reduce((sum, { counters }) => sum + (counters.punted ?? 0), 0);
    expect([before, meanwhile, after].map(punts)).toEqual([0, 30_871, 0]);
  });

  it('gives the same for a range as the batches at its ends', async () => {
    const entered = (batch: Batch | undefined): number =>
      batch?.series.value.reduce((sum, value, i) => sum + (batch.series.counter[i] === 0 ? value : 0), 0) ?? 0;
    const first = batches[100];
    const last = batches[300];
    const rows = await store.counters({
      fromNs: (first?.clock.wallNs ?? 0n) + 1n,
      toNs: (last?.clock.wallNs ?? 0n) + 1n,
    });
    const sum = rows.reduce((total, { counters }) => total + (counters.entered ?? 0), 0);
    expect(sum).toBe(entered(last) - entered(first));
  });

  it.each([7n, 60n, 3600n])('has all punts of a life in steps of %s s', async (seconds) => {
    const hot = (await store.vms()).find(({ tgid }) => tgid === 630);
    const stepNs = seconds * 1_000_000_000n;
    const steps = await store.counterSteps({ life: hot?.life ?? '', fromNs: at(0), toNs: at(900), stepNs });
    expect(steps.reduce((sum, { counters }) => sum + (counters.punted ?? 0), 0)).toBe(30_871);
    const firstPunts = steps.find(({ counters }) => (counters.punted ?? 0) > 0);
    expect((firstPunts?.atNs ?? 0n) + stepNs).toBeGreaterThan(at(259));
    expect(firstPunts?.atNs).toBeLessThanOrEqual(at(263));
  });

  it('tells LIOBNs apart where the source can', async () => {
    const hot = (await store.vms()).find(({ tgid }) => tgid === 630);
    const rows = await store.liobns({ life: hot?.life ?? '' });
    const entered = rows.filter(({ counters }) => counters.entered !== undefined);
    expect(entered.map(({ liobn, hypercall, counters }) => [liobn, hypercall, counters.entered])).toEqual([
      [0x7100_0002n, 'H_PUT_TCE', 3431],
      [0x7100_0002n, 'H_STUFF_TCE', 5730],
      [0x7100_0002n, 'H_PUT_TCE_INDIRECT', 3188],
      [0x8000_0000n, 'H_PUT_TCE', 11],
      [0x8000_0000n, 'H_STUFF_TCE', 28_874],
      [0x8000_0000n, 'H_PUT_TCE_INDIRECT', 28_359],
    ]);
  });

  it('knows who each life was, what it had open, and that it ended', async () => {
    const vms = await store.vms();
    const hot = vms.filter(({ vm }) => vm === 'hot');
    expect(hot.map(({ tgid, ended }) => [tgid, ended])).toEqual([
      [630, true],
      [7214, expect.any(Boolean)],
    ]);
    expect(hot[0]?.facts).toMatchObject({ tceTables: 1, vfioGroups: [2], mmu: 'radix' });
    expect(vms.find(({ vm }) => vm === 'vfa')?.evidence).toContainEqual({
      mode: 'real',
      evidence: 'absent',
      reason: expect.any(String) as string,
    });
    expect(await store.vms({ life: hot[0]?.life ?? '' })).toEqual([hot[0]]);
    const [host] = await store.hosts();
    expect(host).toMatchObject({ kernel: batches[0]?.host.kernel, readAtNs: batches.at(-1)?.clock.wallNs });
    expect(await store.freshness()).toEqual([{ hostId: host?.hostId, readAtNs: host?.readAtNs }]);
  });

  it('changes nothing when all of it comes again, backwards, to a store that remembers nothing', async () => {
    const again = await around.open('vfio');
    for (const batch of batches.toReversed().filter((_, i) => i % 7 === 0)) await again.insertBatches([batch]);
    expect(await calls(again, await again.counters())).toEqual(VFIO);
    expect((await again.hosts())[0]?.readAtNs).toBe(batches.at(-1)?.clock.wallNs);
  });
});

describe('vfio-7.2 by its ring buffer', () => {
  let store: Store;
  let hot: VmRow | undefined;

  beforeAll(async () => {
    const batches = await recordedBatches('vfio-7.2', 'ring');
    store = await around.open('ring');
    await store.insertBatches(batches.filter((_, i) => i % 10 === 0 || i === batches.length - 1));
    hot = (await store.vms()).find(({ tgid }) => tgid === 630);
  });

  it('tells how long each call in the kernel took, and of round trips, which it has not, how many were not measured', async () => {
    const { spans, seconds, lostMsPerSecond } = await store.latency({ life: hot?.life ?? '' });
    expect(spans.map(({ span, hypercall, calls, unmeasured }) => [span, hypercall, calls, unmeasured])).toEqual([
      ['handled', 'H_PUT_TCE', 3442, 0],
      ['handled', 'H_PUT_TCE_INDIRECT', 31_547 - 15_435, 0],
      ['handled', 'H_STUFF_TCE', 34_604 - 15_436, 0],
      ['round_trip', 'H_PUT_TCE_INDIRECT', 0, 15_435],
      ['round_trip', 'H_STUFF_TCE', 0, 15_436],
    ]);
    for (const { calls, totalUs, buckets, p50 } of spans.filter(({ span }) => span === 'handled')) {
      const least = buckets.reduce((sum, bucket) => sum + bucket.calls * bucket.aboveUs, 0);
      expect(buckets.reduce((sum, bucket) => sum + bucket.calls, 0)).toBe(calls);
      expect([totalUs > least, totalUs < 2 * least + calls]).toEqual([true, true]);
      expect(buckets).toContainEqual(expect.objectContaining(p50));
    }
    expect(seconds).toBeGreaterThan(400);
    expect(lostMsPerSecond).toBeNull();
  });

  it('tells on which LIOBN the calls fell back', async () => {
    const rows = await store.liobns({ life: hot?.life ?? '' });
    const punted = rows.filter(({ counters }) => (counters.punted ?? 0) > 0);
    expect(punted.map(({ liobn, hypercall, counters }) => [liobn, hypercall, counters.punted])).toEqual([
      [0x8000_0000n, 'H_STUFF_TCE', 15_436],
      [0x8000_0000n, 'H_PUT_TCE_INDIRECT', 15_435],
    ]);
  });
});

it('has the calls of fallback-6.1, all of one VM in userspace', async () => {
  const store = await around.open('fallback');
  await store.insertBatches(await recordedBatches('fallback-6.1'));
  expect(await calls(store, await store.counters())).toEqual({
    'l2a/196': [6185 + 32_783 + 38_640, 0],
    'l2f/1887': [44_842, 44_842],
  });
  expect(await store.accounts()).toMatchObject([
    { counter: 'entered', seen: 122_450, stored: 122_450 },
    { counter: 'punted', seen: 44_842, stored: 44_842 },
  ]);
});
