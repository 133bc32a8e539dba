/** What the fleet did in the last minutes, exactly, and read from little. */
import { deriveId } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import { LIFE, batchOf } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CountRow, Store } from '../../src/store/index.js';
import { selectRecent } from '../../src/store/select/recent.js';
import { Explaining } from './explaining.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

let around: Surroundings;

beforeAll(async () => {
  around = await surroundings();
});

afterAll(() => around.close());

async function entered(store: Store, life = LIFE): Promise<number | undefined> {
  const rows = await store.recent();
  return rows.find((row) => row.life === life)?.counters.entered;
}

/** Hours of a day, as seconds since the boot at a whole hour. */
const HOUR = 3600;

it('compares with the value before the window, however long ago that was read', async () => {
  const store = await around.open('recent_before');
  await store.insertBatches([batchOf({ uptime: 10, series: [{ value: 1000 }] })]);
  await store.insertBatches([batchOf({ uptime: 30 * HOUR, series: [{ value: 1007 }] })]);
  expect(await entered(store)).toBe(7);
  await store.insertBatches([batchOf({ uptime: 30 * HOUR + 60, series: [{ value: 1010 }] })]);
  expect(await entered(store)).toBe(10);
  // Five minutes of the clock and what has passed of the next.
  await store.insertBatches([batchOf({ uptime: 30 * HOUR + 11 * 60, series: [{ value: 1015 }] })]);
  expect(await entered(store)).toBe(5);
});

it('finds the value before the window within the hour, of a series that seldom changes too', async () => {
  const store = await around.open('recent_seldom');
  const clickhouse = new Explaining(around.clickhouse, 'recent_seldom');
  const at = (uptime: number, seldom: number) =>
    batchOf({ uptime, series: [{ value: uptime }, { liobn: 7n, value: seldom }] });
  // The hour begins within a group.
  for (const group of [[0], [30], [59, 60], [70]]) {
    await store.insertBatches(group.map((minute) => at(minute * 60, 1000)));
  }
  // In the window from 13:10 on; the hour before it began with all series.
  await store.insertBatches([at(76 * 60, 1003)]);
  const [row] = await selectRecent(clickhouse);
  expect(row?.counters.entered).toBe(3 + 16 * 60);
  expect([...clickhouse.read.keys()].sort()).toEqual(['hosts', 'readings_recent']);
  await clickhouse.close();
});

it('counts a series that is new from 0, and epochs apart', async () => {
  const store = await around.open('recent_new');
  await store.insertBatches([batchOf({ uptime: 20, epoch: 'e1', series: [{ value: 40 }] })]);
  await store.insertBatches([batchOf({ uptime: 40, epoch: 'e2', series: [{ value: 2 }] })]);
  expect(await entered(store)).toBe(42);
});

it('looks at each host up to its own newest reading', async () => {
  const store = await around.open('recent_hosts');
  const of = (host: string, uptime: number, value: number): Batch =>
    batchOf({ host, uptime, vms: [{ life: deriveId('life', host) }], series: [{ value }] });
  await store.insertBatches([of('h1', 60, 5), of('h2', 60, 50), of('h2', 100 * HOUR, 51)]);
  expect(await entered(store, deriveId('life', 'h1'))).toBe(5);
  expect(await entered(store, deriveId('life', 'h2'))).toBe(1);
});

it('leaves out who called nothing', async () => {
  const store = await around.open('recent_idle');
  await store.insertBatches([batchOf({ uptime: 60, series: [{ value: 5 }] }), batchOf({ uptime: HOUR, series: [] })]);
  expect(await store.recent()).toEqual([]);
});

it('says of a recording what counts over the same time say', async () => {
  const store = await around.open('recent_recorded');
  await store.insertBatches(await recordedBatches('vfio-7.2'));
  const [host] = await store.hosts();
  const step = 300_000_000_000n;
  const readAt = host?.readAtNs ?? 0n;
  const fromNs = readAt - (readAt % step) - step;
  const calls = (rows: readonly CountRow[]) =>
    rows
      .map(({ life, hypercall, counters: { entered: all = 0, punted = 0 } }) => `${life} ${hypercall} ${all} ${punted}`)
      .filter((row) => !row.endsWith(' 0 0'))
      .sort();
  const recent = calls(await store.recent());
  expect(recent.length).toBeGreaterThan(3);
  expect(recent).toEqual(calls(await store.counters({ fromNs })));
});
