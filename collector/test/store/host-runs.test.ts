/** Identity and clock of hosts as they are stored, and counts that no clock can disorder. */
import { deriveId } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { BOOTED, SECOND, batchOf } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { claimants, clockAheadNs } from '../../src/hosts/agent-runs.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

let around: Surroundings;

beforeAll(async () => {
  around = await surroundings();
});

afterAll(() => around.close());

/** Two hosts under one key, one of them two seconds ahead, read every ten seconds in turns. */
function twins(): Batch[] {
  const of = (name: string, uptime: number, wall: number): Batch => {
    const batch = batchOf({ uptime, series: [], epoch: name });
    Object.assign(batch, { bootId: deriveId('boot', name), run: deriveId('run', name) });
    batch.host.name = name;
    batch.clock.wallNs = BOOTED + BigInt(wall) * SECOND;
    return batch;
  };
  return Array.from({ length: 12 }, (_, i) => [
    of('a', 500 + 10 * i, 500 + 10 * i),
    of('b', 50_000 + 10 * i, 502 + 10 * i),
  ]).flat();
}

it('two hosts of one key are stored as such, and stay so when all comes again', async () => {
  const batches = twins();
  let now = 0n;
  const store = await around.open('twins', { now: () => now });
  for (const [i, batch] of batches.entries()) {
    now = batch.clock.wallNs + (i === 7 ? -2n : 1n) * SECOND;
    await store.insertBatches([batch]);
  }
  const stored = await store.hostRuns();
  expect(claimants(stored).map(({ name }) => name)).toEqual(expect.arrayContaining(['a', 'b']));
  expect(clockAheadNs(stored)).toBe(2n * SECOND);
  now = BOOTED + 86_400n * SECOND;
  await store.insertBatches(batches.toReversed());
  expect(await store.hostRuns()).toEqual(stored);
});

it('only the newest minutes are looked at, and each host for itself', async () => {
  const store = await around.open('minutes');
  const later = batchOf({ uptime: 7200, series: [] });
  await store.insertBatches([...twins(), later, batchOf({ uptime: 30, host: 'h2', series: [] })]);
  expect((await store.hostRuns()).map(({ hostId, uptimeLastNs }) => [hostId, uptimeLastNs / SECOND])).toEqual([
    ['h1', 7200n],
    ['h2', 30n],
  ]);
});

it('a clock that is set back and forth costs no call and no order', async () => {
  const store = await around.open('clocks');
  const skews = [0, 3600, -3600, 0, 86_400, -7200, 0];
  for (const [i, skew] of skews.entries()) {
    const batch = batchOf({ uptime: 100 + 10 * i, series: [{ value: 10 * (i + 1) }] });
    batch.clock.wallNs += BigInt(skew) * SECOND;
    await store.insertBatches([batch]);
  }
  expect((await store.counters())[0]?.counters).toEqual({ entered: 70 });
  expect((await store.accounts())[0]).toMatchObject({ counter: 'entered', stored: 70 });
});

it('a reading that no clock can have made is refused by name', async () => {
  const store = await around.open('never');
  const wrong = batchOf({ uptime: 1, series: [] });
  wrong.clock.uptimeNs = 2n ** 63n;
  await expect(store.insertBatches([wrong])).rejects.toMatchObject({ code: 'invalid', field: 'uptime_ns' });
});
