/** A fleet of 2,000 VMs: what is looked at every few seconds must not cost what the fleet's past would. */
import { deriveId } from '@tcewatch/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ClickHouse } from '../../src/store/index.js';
import { SECOND, surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

const HOSTS = 100;
const VMS = 20;
const MINUTES = 120;
/** Of one INSERT. */
const AT_ONCE = 20;
/** 2026-11-22T14:59:00Z: as much of an hour has passed as can. */
const NEWEST = 1_795_359_540n;

let around: Surroundings;

beforeAll(async () => {
  around = await surroundings();
});

afterAll(() => around.close());

it('is read in a moment, whatever it did before', async () => {
  const store = await around.open('recent_cost');
  const clickhouse = new ClickHouse(around.clickhouse, 'recent_cost');
  // A value for each minute, of three hypercalls and two counters; made in place, since sending them would take minutes.
  const perMinute = HOSTS * VMS * 6;
  for (let first = 0; first < MINUTES; first += AT_ONCE) {
    await clickhouse.command(
      'test',
      `INSERT INTO readings
       SELECT
         concat('h', toString(number % ${HOSTS})) AS host,
         reinterpretAsUUID(toUInt128(number % ${HOSTS * VMS} + 1)) AS life,
         ['H_PUT_TCE', 'H_STUFF_TCE', 'H_PUT_TCE_INDIRECT'][intDiv(number, ${HOSTS * VMS}) % 3 + 1] AS hypercall,
         ['entered', 'punted'][intDiv(number, ${HOSTS * VMS * 3}) % 2 + 1] AS counter,
         'one' AS scope, 0x80000000 AS liobn, toUUID('${deriveId('epoch')}') AS epoch,
         fromUnixTimestamp64Nano(toInt64(${NEWEST * SECOND}) - minute * 60000000000, 'UTC') AS at,
         1000000 - minute * 10 AS value
       FROM (
         SELECT number, toInt64(intDiv(number, ${perMinute})) AS minute
         FROM numbers(${first * perMinute}, ${AT_ONCE * perMinute})
       )`,
    );
  }
  await clickhouse.command(
    'test',
    `INSERT INTO hosts (host, at)
     SELECT concat('h', toString(number)), fromUnixTimestamp64Nano(toInt64(${NEWEST * SECOND}), 'UTC')
     FROM numbers(${HOSTS})`,
  );
  await store.recent();
  const times: number[] = [];
  let rows = await store.recent();
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    rows = await store.recent();
    times.push(performance.now() - began);
  }
  const median = times.sort((a, b) => a - b)[2] ?? Infinity;
  process.stdout.write(`what 2,000 VMs did in the last minutes is read in ${Math.round(median)} ms\n`);
  expect(rows).toHaveLength(HOSTS * VMS * 3);
  // Ten minutes of ten calls each.
  expect(new Set(rows.map(({ counters }) => `${counters.entered} ${counters.punted}`))).toEqual(new Set(['100 100']));
  expect(median).toBeLessThan(5000);
  await clickhouse.close();
});
