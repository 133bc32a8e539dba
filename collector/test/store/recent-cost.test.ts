/** A fleet of 2,000 VMs: what is looked at every few seconds must not cost what the fleet's past would. */
import { deriveId } from '@tcewatch/protocol';
import { SECOND } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { selectRecent } from '../../src/store/select/recent.js';
import { Explaining } from './explaining.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

const HOSTS = 100;
const VMS = 20;
/** Three hypercalls, entered on two LIOBNs and punted on some. */
const SERIES = 9;
/** A day of five minutes each. */
const BUCKETS = 288;
/** 2026-11-22T14:59:00Z: as much of an hour has passed as can. */
const NEWEST = 1_795_359_540n;

let around: Surroundings;

beforeAll(async () => {
  around = await surroundings();
});

afterAll(() => around.close());

/**
 * Rollups as a day of readings leaves them, made in place, since sending them would take hours: every fifth VM is idle,
 * H_PUT_TCE is called in a bucket of forty, one VM of twenty punts, and each hour has all series.
 */
const ROLLUPS = `
  SELECT
    concat('h', toString(vm % ${HOSTS})) AS host, reinterpretAsUUID(toUInt128(vm + 1)) AS life,
    ['H_PUT_TCE', 'H_STUFF_TCE', 'H_PUT_TCE_INDIRECT'][nth % 3 + 1] AS hypercall,
    if(nth < 6, 'entered', 'punted') AS counter, if(nth < 6, 'one', 'all') AS scope,
    if(nth < 6, 0x80000000 + intDiv(nth, 3) * 256, 0) AS liobn, toUUID('${deriveId('epoch')}') AS epoch,
    toDateTime(${NEWEST - (NEWEST % 300n)} - ago * 300, 'UTC') AS bucket, 1000000 - ago * 10 AS value
  FROM (
    SELECT number % ${HOSTS * VMS} AS vm, intDiv(number, ${HOSTS * VMS}) % ${SERIES} AS nth,
      intDiv(number, ${HOSTS * VMS * SERIES}) AS ago
    FROM numbers(${HOSTS * VMS * SERIES * BUCKETS})
  )
  WHERE minute(bucket) = 0
    OR (vm % 5 != 0 AND (nth % 3 != 0 OR sipHash64(vm, nth, ago) % 40 = 0) AND (nth < 6 OR vm % 20 = 1))`;

it('is read in a moment from the buckets of an hour, whatever it did before', async () => {
  await around.open('recent_cost');
  const clickhouse = new Explaining(around.clickhouse, 'recent_cost');
  await clickhouse.command(
    'test',
    `INSERT INTO readings_recent (host, life, hypercall, counter, scope, liobn, epoch, bucket, value) ${ROLLUPS}`,
  );
  await clickhouse.command(
    'test',
    `INSERT INTO readings_hour (host, life, hypercall, counter, scope, liobn, epoch, hour, value)
     SELECT host, life, hypercall, counter, scope, liobn, epoch, toStartOfHour(bucket) AS hour, max(value)
     FROM readings_recent GROUP BY ALL`,
  );
  await clickhouse.command(
    'test',
    `INSERT INTO hosts (host, at)
     SELECT concat('h', toString(number)), fromUnixTimestamp64Nano(toInt64(${NEWEST * SECOND}), 'UTC')
     FROM numbers(${HOSTS})`,
  );
  const [{ rows: stored } = { rows: 0 }] = await clickhouse.select<{ rows: number }>(
    'test',
    'SELECT toUInt32(count()) AS rows FROM readings_recent',
  );
  expect(stored).toBeGreaterThan(1_500_000);

  clickhouse.read.clear();
  await selectRecent(clickhouse);
  process.stdout.write(`of ${stored} rows of a day it reads ${clickhouse.read.get('readings_recent')}\n`);
  expect([...clickhouse.read.keys()].sort()).toEqual(['hosts', 'readings_recent']);
  // The hour, of 24, and what the granules at its ends have beside it.
  expect(clickhouse.read.get('readings_recent')).toBeLessThan(stored / 8);

  const store = await around.open('recent_cost');
  const times: number[] = [];
  let rows = await store.recent();
  for (let i = 0; i < 9; i++) {
    const began = performance.now();
    rows = await store.recent();
    times.push(performance.now() - began);
  }
  const median = times.sort((a, b) => a - b)[4] ?? Infinity;
  process.stdout.write(`what 2,000 VMs did in the last minutes is read in ${Math.round(median)} ms\n`);
  // Of the VMs that are not idle nearly all, with H_STUFF_TCE and H_PUT_TCE_INDIRECT on two LIOBNs: 10 calls in 5 minutes.
  const common = rows.filter(({ hypercall, counters }) => hypercall !== 'H_PUT_TCE' && counters.punted === undefined);
  expect(common.length).toBeGreaterThan(2500);
  expect(new Set(common.map(({ counters }) => counters.entered))).toEqual(new Set([40]));
  expect(new Set(rows.map(({ life }) => life)).size).toBe(HOSTS * VMS * 0.8);
  expect(median).toBeLessThan(5000);
  await clickhouse.close();
});
