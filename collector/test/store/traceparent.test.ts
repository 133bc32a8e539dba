/** A batch that differs in its trace alone is the same batch. */
import { batchOf } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ClickHouse } from '../../src/store/index.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

let around: Surroundings;
beforeAll(async () => {
  around = await surroundings();
});
afterAll(() => around.close());

it('is in the store once, though it came under two traces', async () => {
  const batch = batchOf({ uptime: 10, series: [{ value: 5 }, { counter: 'punted', value: 2 }] });
  const trace = (digit: string): string => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;
  const tables = new ClickHouse(around.clickhouse, 'traces');
  const rows = async (): Promise<unknown[]> =>
    Promise.all(
      ['readings', 'readings_total', 'accounts', 'vms', 'vm_facts', 'host_readings', 'hosts'].map((table) =>
        tables.select('cannot count', `SELECT * FROM ${table} FINAL ORDER BY ALL`),
      ),
    );
  const first = await around.open('traces');
  await first.insertBatches([{ ...batch, traceparent: trace('a') }]);
  const before = await rows();
  expect(before[0]).toHaveLength(2);
  // A store that remembers nothing of the first, as after a restart.
  const second = await around.open('traces');
  await second.insertBatches([{ ...batch, traceparent: trace('b') }]);
  expect(await rows()).toEqual(before);
  await tables.close();
});
