/** Why an insert fails, in ClickHouse's own terms, and that what is tried again is stored once. */
import { batchOf } from '@tcewatch/testing/series-batches';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StoreError } from '../../src/model.js';
import { ClickHouse } from '../../src/store/client.js';
import type { InsertOutcome, Store } from '../../src/store/index.js';
import { faultyServer } from './faulty-server.js';
import type { FaultyServer } from './faulty-server.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

/** Longer than any test: so an insert that is not acknowledged was given up for another reason. */
const LONG = 300_000;

let around: Surroundings;
let server: FaultyServer;
let outcomes: InsertOutcome[] = [];
let databases = 0;

beforeAll(async () => {
  around = await surroundings();
  server = await faultyServer(around.clickhouse);
});

afterEach(() => {
  server.fault = () => undefined;
});

afterAll(async () => {
  await around.close();
  await server.close();
});

/** A store behind the faults, on a database of its own. */
async function open(options: { insistForMs?: number; timeoutMs?: number } = {}): Promise<Store> {
  const observe = (outcome: InsertOutcome): void => void outcomes.push(outcome);
  const store = await around.open(`failures${databases++}`, { clickhouse: server.address, observe, ...options });
  outcomes = [];
  server.inserts = [];
  return store;
}

/** Runs on the engine itself, in the database of the newest store. */
async function ask<T>(question: (clickhouse: ClickHouse) => Promise<T>): Promise<T> {
  const clickhouse = new ClickHouse(around.clickhouse, `failures${databases - 1}`);
  try {
    return await question(clickhouse);
  } finally {
    await clickhouse.close();
  }
}

async function rawRows(): Promise<number> {
  const [row] = await ask((clickhouse) =>
    clickhouse.select<{ n: number }>('test', 'SELECT toUInt32(count()) AS n FROM readings'),
  );
  return row?.n ?? NaN;
}

const batch = (value: number) => batchOf({ uptime: value, series: [{ value }, { counter: 'punted', value }] });

describe('an insert that ClickHouse refuses', () => {
  it.each([
    [164, 'READONLY', 'read-only', true, 'let the user write'],
    [242, 'TABLE_IS_READ_ONLY', 'read-only', true, 'see to its connection to Keeper'],
    [243, 'NOT_ENOUGH_SPACE', 'out-of-space', true, "make room on ClickHouse's disk"],
    [252, 'TOO_MANY_PARTS', 'overloaded', true, 'TOO_MANY_PARTS 252'],
    [241, 'MEMORY_LIMIT_EXCEEDED', 'overloaded', true, 'MEMORY_LIMIT_EXCEEDED 241'],
    [319, 'UNKNOWN_STATUS_OF_INSERT', 'timeout', true, 'UNKNOWN_STATUS_OF_INSERT'],
    [497, 'ACCESS_DENIED', 'no-access', true, 'what the user is granted'],
    [60, 'UNKNOWN_TABLE', 'schema', true, 'start the collector again'],
    [53, 'TYPE_MISMATCH', 'refused', false, 'TYPE_MISMATCH 53'],
    [691, 'UNKNOWN_ELEMENT_OF_ENUM', 'refused', false, 'cannot insert into readings'],
    [999, 'KEEPER_EXCEPTION', 'failed', true, 'KEEPER_EXCEPTION 999'],
    [1001, 'STD_EXCEPTION', 'out-of-space', true, "make room on ClickHouse's disk"],
  ])('with %i (%s) is %s', async (code, name, failure, transient, words) => {
    const store = await open({ insistForMs: 0 });
    const said = code === 1001 ? 'std::exception: No space left on device' : 'in its words';
    server.fault = ({ table }) => (table === 'readings' ? { refuse: { code, name, words: said } } : undefined);
    const error: unknown = await store.insertBatches([batch(1)]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ failure, transient, message: expect.stringContaining(words) as string });
    expect(outcomes.find(({ table }) => table === 'readings')?.error).toBe(error);
    server.fault = () => undefined;
    await store.insertBatches([batch(1)]);
    expect((await store.counters())[0]?.counters).toEqual({ entered: 1, punted: 1 });
  });

  it('since its user may only read is told so by the engine itself, and tried again by nobody but the sender', async () => {
    const store = await open({ insistForMs: LONG });
    server.fault = () => 'read-only';
    await expect(store.insertBatches([batch(1)])).rejects.toMatchObject({ failure: 'read-only', transient: true });
    expect(server.inserts.filter(({ table }) => table === 'readings')).toHaveLength(1);
    server.fault = () => undefined;
    await store.insertBatches([batch(1)]);
  });

  it('for a passing reason is tried again until it is taken', async () => {
    const store = await open({ insistForMs: LONG });
    let busy = 2;
    server.fault = ({ table }) =>
      table === 'readings' && busy-- > 0
        ? { refuse: { code: 252, name: 'TOO_MANY_PARTS', words: 'Too many parts' } }
        : undefined;
    await store.insertBatches([batch(1)]);
    const tries = outcomes.filter(({ table }) => table === 'readings').map(({ error }) => error?.failure ?? 'stored');
    expect(tries).toEqual(['overloaded', 'overloaded', 'stored']);
    expect(await rawRows()).toBe(2);
  });
});

it('an insert without an answer is given up in time, and the sender is told that nobody knows', async () => {
  const store = await open({ timeoutMs: 5000, insistForMs: LONG });
  server.fault = ({ table }) => (table === 'readings' ? 'no-answer' : undefined);
  await expect(store.insertBatches([batch(1)])).rejects.toMatchObject({ failure: 'timeout', transient: true });
});

it('what waits to be tried again does not hold up the end', async () => {
  const store = await open({ insistForMs: LONG });
  server.fault = () => ({ refuse: { code: 252, name: 'TOO_MANY_PARTS', words: 'Too many parts' } });
  const inserted = store.insertBatches([batch(1)]).catch((error: unknown) => error);
  await expect.poll(() => outcomes.length, { timeout: 60_000 }).toBeGreaterThan(0);
  await store.close();
  expect(await inserted).toMatchObject({ failure: 'overloaded' });
});

describe('an insert whose answer is lost', () => {
  async function loseAnswers(store: Store): Promise<void> {
    const lost = new Set<string>();
    server.fault = ({ table }) => {
      if (lost.has(table)) return undefined;
      lost.add(table);
      return 'lost-answer';
    };
    await store.insertBatches([batch(1)]);
  }

  it('comes again with the same rows under the same id, and another one with another', async () => {
    const store = await open({ insistForMs: LONG });
    await loseAnswers(store);
    await store.insertBatches([batch(2)]);
    const [first, again, next] = server.inserts.filter(({ table }) => table === 'readings');
    expect(first?.token).toMatch(/^[0-9a-f-]{36}$/);
    expect(again).toEqual(first);
    expect(next?.token).not.toBe(first?.token);
    expect((await store.counters())[0]?.counters).toEqual({ entered: 2, punted: 2 });
  });

  it('leaves plain tables with the same rows once they are merged', async () => {
    const store = await open({ insistForMs: LONG });
    await loseAnswers(store);
    await ask((clickhouse) => clickhouse.command('test', 'OPTIMIZE TABLE readings FINAL'));
    expect(await rawRows()).toBe(2);
    expect((await store.counters())[0]?.counters).toEqual({ entered: 1, punted: 1 });
  });

  // Stands for replicated tables, whose window is always there and in Keeper.
  it('adds nothing to tables that keep the ids of their inserts', async () => {
    const store = await open({ insistForMs: LONG });
    await ask(async (clickhouse) => {
      for (const table of ['readings', 'readings_minute', 'readings_hour', 'readings_total']) {
        const setting = 'MODIFY SETTING non_replicated_deduplication_window = 100';
        await clickhouse.command('test', `ALTER TABLE ${table} ${setting}`);
        await clickhouse.command('test', `SYSTEM STOP MERGES ${table}`);
      }
    });
    await loseAnswers(store);
    expect(await rawRows()).toBe(2);
    expect((await store.counters())[0]?.counters).toEqual({ entered: 1, punted: 1 });
  });
});
