/** How long calls took, asked of a real store. */
import { HYPERCALL_NAMES } from '@tcewatch/protocol';
import { BOOTED, LIFE, SECOND, batchOf } from '@tcewatch/testing/series-batches';
import type { TestLatency, TestSeries } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SpanRow, Store } from '../../src/store/index.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

let around: Surroundings;

beforeAll(async () => {
  around = await surroundings();
});

afterAll(() => around.close());

const at = (uptime: number): bigint => BOOTED + BigInt(uptime) * SECOND;

/** Calls that entered, and those of them that were punted. */
function calls(entered: number, punted: number): TestSeries[] {
  return [{ value: entered }, { counter: 'punted', scope: 'all', liobn: 0n, value: punted }];
}

async function told(store: Store, uptime: number, series: TestSeries[], latencies?: TestLatency[]): Promise<void> {
  const batch = { uptime, series, ...(latencies && { latencies }), vms: [{ startedNs: 50n * SECOND }] };
  await store.insertBatches([batchOf(batch)]);
}

const ask = (store: Store, from: number, to: number) =>
  store.latency({ life: LIFE, fromNs: at(from) + 1n, toNs: at(to) + 1n });

function short({ span, calls, unmeasured, totalUs, buckets, p50, p99 }: SpanRow) {
  const bounds = [p50, p99].map((one) => one && [one.aboveUs, one.upToUs]);
  return { span, calls, unmeasured, totalUs, buckets: buckets.map((one) => [one.upToUs, one.calls]), bounds };
}

describe('a VM whose calls are measured', () => {
  let store: Store;

  beforeAll(async () => {
    store = await around.open('measured');
    await told(store, 100, calls(0, 0), []);
    await told(store, 3550, calls(1000, 100), [{ calls: 98 }, { bucket: 10, calls: 2, totalUs: 1500 }]);
    // Into the next hour; one punt's return was not seen, and handled calls were timed from here on.
    const handled = { span: 'handled' as const, bucket: 0, calls: 800, totalUs: 700 };
    await told(store, 3650, calls(3000, 301), [{ calls: 298 }, { bucket: 10, calls: 2, totalUs: 1500 }, handled]);
    await told(store, 3660, calls(3000, 301), [{ calls: 298 }, { bucket: 10, calls: 2, totalUs: 1500 }, handled]);
  });

  it('has lost to userspace what its round trips took, in each second between two readings', async () => {
    const { spans, seconds, lostMsPerSecond } = await ask(store, 3550, 3650);
    expect(seconds).toBe(100);
    expect(lostMsPerSecond).toBeCloseTo((200 * 300) / 1000 / 100, 9);
    expect(spans.map(short)).toEqual([
      {
        span: 'handled',
        calls: 800,
        unmeasured: 999,
        totalUs: 700,
        buckets: [[1, 800]],
        bounds: [
          [0, 1],
          [0, 1],
        ],
      },
      {
        span: 'round_trip',
        calls: 200,
        unmeasured: 1,
        totalUs: 60_000,
        buckets: [[512, 200]],
        bounds: [
          [256, 512],
          [256, 512],
        ],
      },
    ]);
  });

  it('tells in which bucket the median and the 99th percentile are', async () => {
    const { spans, lostMsPerSecond } = await ask(store, 100, 3550);
    expect(spans.filter(({ span }) => span === 'round_trip').map(short)).toEqual([
      {
        span: 'round_trip',
        calls: 100,
        unmeasured: 0,
        totalUs: 98 * 300 + 1500,
        buckets: [
          [512, 98],
          [1024, 2],
        ],
        bounds: [
          [256, 512],
          [512, 1024],
        ],
      },
    ]);
    expect(lostMsPerSecond).toBeCloseTo((98 * 0.3 + 1.5) / 3450, 9);
  });

  it('loses nothing while it has no punts', async () => {
    const { spans, lostMsPerSecond, seconds } = await ask(store, 3650, 3660);
    expect({ spans, lostMsPerSecond, seconds }).toEqual({ spans: [], lostMsPerSecond: 0, seconds: 10 });
  });

  it('is told of since the beginning as of the time between first and last reading', async () => {
    const { spans, lostMsPerSecond, seconds } = await store.latency({ life: LIFE });
    expect(seconds).toBe(3560);
    expect(lostMsPerSecond).toBeCloseTo((298 * 0.3 + 1.5) / 3560, 9);
    expect(spans.map(({ calls, unmeasured }) => [calls, unmeasured])).toEqual([
      [800, 1899],
      [300, 1],
    ]);
  });

  it('is not known over a time in which its host was not read', async () => {
    expect(await ask(store, 3700, 3800)).toMatchObject({ seconds: null, lostMsPerSecond: null });
    expect(await ask(store, 10, 20)).toMatchObject({ spans: [], seconds: null, lostMsPerSecond: null });
  });
});

it('a rate does not hold what was counted before the first reading', async () => {
  const store = await around.open('late');
  await told(store, 1000, calls(5000, 5000), [{ calls: 5000 }]);
  await told(store, 1010, calls(5010, 5010), [{ calls: 5010 }]);
  const { spans, lostMsPerSecond, seconds } = await ask(store, 0, 1010);
  expect([seconds, spans[0]?.calls]).toEqual([10, 5010]);
  expect(lostMsPerSecond).toBeCloseTo((10 * 0.3) / 10, 9);
});

it('a rate is of the time that the VM lived', async () => {
  const store = await around.open('lived');
  const batch = (uptime: number, ended: boolean, count: number) =>
    batchOf({
      uptime,
      series: calls(count, count),
      latencies: [{ calls: count }],
      vms: [{ startedNs: 50n * SECOND, ended }],
    });
  await store.insertBatches([batchOf({ uptime: 10, series: [], vms: [] })]);
  await store.insertBatches([batch(60, false, 10), batch(90, true, 100), batch(500, true, 100)]);
  const { lostMsPerSecond, seconds } = await ask(store, 20, 500);
  expect(seconds).toBe(40);
  expect(lostMsPerSecond).toBeCloseTo((100 * 0.3) / 40, 9);
});

it('what nobody measured is not known, and how many calls that are is', async () => {
  const store = await around.open('unmeasured');
  await told(store, 100, calls(0, 0));
  await told(store, 200, calls(50, 20));
  const { spans, seconds, lostMsPerSecond } = await ask(store, 100, 200);
  expect([seconds, lostMsPerSecond]).toEqual([100, null]);
  expect(spans.map(short)).toEqual([
    { span: 'handled', calls: 0, unmeasured: 30, totalUs: 0, buckets: [], bounds: [null, null] },
    { span: 'round_trip', calls: 0, unmeasured: 20, totalUs: 0, buckets: [], bounds: [null, null] },
  ]);
  await told(store, 300, [...calls(50, 20), { counter: 'issued', hypercall: 'H_STUFF_TCE', value: 7 }]);
  expect((await ask(store, 200, 300)).lostMsPerSecond).toBe(0);
});

it('where calls are not counted, neither is what was not measured', async () => {
  const store = await around.open('uncounted');
  await told(store, 100, [], []);
  await told(store, 200, [], [{ calls: 4, bucket: 31, totalUs: 8_000_000_000 }]);
  const { spans, lostMsPerSecond } = await ask(store, 100, 200);
  expect(spans).toMatchObject([{ calls: 4, unmeasured: null, p50: { aboveUs: 2 ** 30, upToUs: null } }]);
  expect(lostMsPerSecond).toBeCloseTo(80_000, 9);
});

it('hypercalls and lives are told apart', async () => {
  const store = await around.open('apart');
  const latencies = HYPERCALL_NAMES.flatMap((hypercall, i) => [
    { hypercall, calls: i + 1 },
    { hypercall, vm: 1, calls: 10 * (i + 1) },
  ]);
  await store.insertBatches([batchOf({ uptime: 100, series: [], latencies, vms: [{}, {}] })]);
  const { spans } = await store.latency({ life: LIFE, hostId: 'h1' });
  expect(spans.map(({ hypercall, calls }) => [hypercall, calls])).toEqual(
    HYPERCALL_NAMES.map((name, i) => [name, i + 1]),
  );
  expect((await store.latency({ life: LIFE, hostId: 'other' })).spans).toEqual([]);
});
