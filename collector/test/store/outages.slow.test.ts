/** ClickHouse gone, killed, out of disk: nothing is acknowledged that is not stored, and nothing that was is lost. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { rememberingLog } from '@tcewatch/testing/remembering-log';
import { batchOf } from '@tcewatch/testing/series-batches';
import type { TestSeries } from '@tcewatch/testing/series-batches';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StoreError } from '../../src/model.js';
import { openStore } from '../../src/store/index.js';
import type { InsertOutcome, Store } from '../../src/store/index.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

let around: Surroundings;
let store: Store;
let outcomes: InsertOutcome[];

beforeEach(async () => {
  around = await surroundings();
  outcomes = [];
  store = await around.open('outages', { observe: (outcome) => outcomes.push(outcome) });
});

afterEach(() => around.close());

/** Series by the thousand: more than one page of any file. */
function series(value: number): TestSeries[] {
  return Array.from({ length: 2000 }, (_, i) => ({ liobn: BigInt(i), value }));
}

async function stored(): Promise<number | undefined> {
  return (await store.counters())[0]?.counters.entered;
}

async function failure(uptime: number, value: number): Promise<unknown> {
  return store.insertBatches([batchOf({ uptime, series: series(value) })]).then(
    () => 'acknowledged',
    (error: unknown) => error,
  );
}

it('a killed ClickHouse comes back with all that it acknowledged, and an insert waits for it', async () => {
  await store.insertBatches([batchOf({ uptime: 1, series: series(1) })]);
  process.kill(around.clickhouse.pid ?? 0, 'SIGKILL');
  expect(await failure(2, 2)).toBe('acknowledged');
  expect(outcomes.map(({ error }) => error?.failure)).toContain('unreachable');
  expect(await stored()).toBe(4000);
});

it('a ClickHouse that does not come back in time is told as such, and nothing is taken for stored', async () => {
  const impatient = await around.open('outages', { insistForMs: 0, observe: (outcome) => outcomes.push(outcome) });
  await impatient.insertBatches([batchOf({ uptime: 1, series: series(1) })]);
  process.kill(around.clickhouse.pid ?? 0, 'SIGKILL');
  const error: unknown = await impatient
    .insertBatches([batchOf({ uptime: 2, series: series(2) })])
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ transient: true, failure: 'unreachable' });
  await vi.waitFor(() => store.ping(), { timeout: 60_000, interval: 20 });
  expect(await stored()).toBe(2000);
  // The same batch brings the rows that failed, and so would any later one.
  await impatient.insertBatches([batchOf({ uptime: 3, series: series(2) })]);
  expect(await stored()).toBe(4000);
});

it('kills in the middle of inserts lose nothing that was acknowledged', async () => {
  let acknowledged = 0;
  for (const [round, kills] of [1, 2, 3].entries()) {
    await vi.waitFor(() => store.ping(), { timeout: 60_000, interval: 20 });
    const { pid } = around.clickhouse;
    for (let i = 0; i < 3 * kills; i++) {
      const value = 100 * round + i + 1;
      const inserted = store.insertBatches([batchOf({ uptime: value, series: series(value) })]);
      if (i === 2 * kills) process.kill(pid ?? 0, 'SIGKILL');
      await inserted.then(
        () => (acknowledged = value),
        () => undefined,
      );
    }
  }
  await vi.waitFor(() => store.ping(), { timeout: 60_000, interval: 20 });
  const total = (await stored()) ?? 0;
  expect(acknowledged).toBeGreaterThan(0);
  expect(total).toBeGreaterThanOrEqual(2000 * acknowledged);
});

it('a disk that takes no more is told as such, and afterwards all goes on', async () => {
  await store.insertBatches([batchOf({ uptime: 1, series: series(1) })]);
  // Stands for a full disk: files of the child may not grow past 4 KiB (RLIMIT_FSIZE), so writes fail with EFBIG.
  const limit = (bytes: string): Promise<unknown> =>
    promisify(execFile)('prlimit', ['--pid', String(around.clickhouse.pid), `--fsize=${bytes}:unlimited`]);
  await limit('4096');
  const error = await failure(2, 2);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ transient: true, message: expect.stringMatching(/make room on the disk/) as string });
  expect(await stored()).toBe(2000);
  await limit('unlimited');
  expect(await failure(3, 2)).toBe('acknowledged');
  expect(await stored()).toBe(4000);
});

it('a batch that no table can take is refused, and its neighbours are kept', async () => {
  const wrong = batchOf({ uptime: 1, host: 'h2', series: [{ value: 1 }] });
  wrong.clock.wallNs = 2n ** 63n;
  const refused = store.insertBatches([wrong]);
  const kept = store.insertBatches([batchOf({ uptime: 1, series: [{ value: 3 }] })]);
  await expect(refused).rejects.toMatchObject({
    code: 'invalid',
    field: 'wall_ns',
    message: expect.stringContaining("set the host's clock") as string,
  });
  await kept;
  expect(await stored()).toBe(3);
});

it('a batch with an id that is none is refused, and its neighbours are kept', async () => {
  // The first goes alone; the other two wait for it and make a group.
  const inserts = ['a', 'b', 'c'].map((host) =>
    batchOf({ uptime: 1, host, vms: [host === 'b' ? { life: 'b' } : {}], series: [{ value: 1 }] }),
  );
  const outcomes = await Promise.allSettled(inserts.map((batch) => store.insertBatches([batch])));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(outcomes[1]).toMatchObject({ reason: { name: 'StoreError', transient: false } });
  expect((await store.counters()).map(({ hostId }) => hostId)).toEqual(['a', 'c']);
});

it('a batch that comes twice changes nothing, whether it was stored the first time or not', async () => {
  const batch = batchOf({ uptime: 1, series: series(1) });
  await Promise.all([store.insertBatches([batch, batch]), store.insertBatches([batch])]);
  await store.insertBatches([batch]);
  expect(await stored()).toBe(2000);
});

it('a store cannot be opened where nobody answers, or with the wrong password', async () => {
  const { url, username } = around.clickhouse;
  const open = (clickhouse: { url: string; username: string; password: string }): Promise<unknown> =>
    openStore({ clickhouse, log: rememberingLog() }).catch((error: unknown) => error);
  expect(await open({ url, username, password: 'guessed' })).toMatchObject({
    name: 'StoreError',
    failure: 'no-access',
    message: expect.stringContaining('check clickhouse.user and clickhouse.password') as string,
  });
  expect(await open({ url: 'http://127.0.0.1:1', username, password: '' })).toMatchObject({
    name: 'StoreError',
    transient: true,
    message: expect.stringContaining('cannot open the database tcewatch at http://127.0.0.1:1') as string,
  });
});
