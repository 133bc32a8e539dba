import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deriveId } from '@tcewatch/protocol';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { FOR_EVER } from '@tcewatch/testing/recorded-batches';
import { rememberingLog } from '@tcewatch/testing/remembering-log';
import { BOOTED, SECOND, batchOf } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ClickHouse } from '../../../src/store/client.js';
import { migrate, readMigrations } from '../../../src/store/schema/migrations.js';
import { firingAlert } from '../../events.js';
import { surroundings } from '../surroundings.js';
import type { Surroundings } from '../surroundings.js';

let around: Surroundings;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let connection: ClickHouse;
let databases = 0;

beforeAll(async () => {
  [around, directory] = await Promise.all([surroundings(), temporaryDirectory()]);
});

beforeEach(async () => {
  const database = `migrated${databases++}`;
  const server = new ClickHouse(around.clickhouse);
  await server.command('test', 'CREATE DATABASE {database:Identifier}', { database });
  await server.close();
  connection = new ClickHouse(around.clickhouse, database);
  return () => connection.close();
});

afterAll(async () => {
  await around.close();
  await directory.remove();
});

/** A folder with these files. */
async function folder(files: Record<string, string>): Promise<URL> {
  const path = join(directory.path, String(databases));
  await mkdir(path, { recursive: true });
  for (const [name, sql] of Object.entries(files)) await writeFile(join(path, name), sql);
  return pathToFileURL(`${path}/`);
}

async function applied(): Promise<string[]> {
  const rows = await connection.select<{ name: string }>('test', 'SELECT name FROM migrations FINAL ORDER BY version');
  return rows.map(({ name }) => name);
}

const create = (table: string): string =>
  `CREATE TABLE IF NOT EXISTS ${table} (a UInt8) ENGINE = MergeTree ORDER BY a;\n`;

describe('migrations', () => {
  it('are applied once each, in the order of their numbers', async () => {
    const log = rememberingLog();
    const first = await folder({ '0001_one.sql': create('one'), 'README.md': 'not SQL' });
    await migrate(connection, await readMigrations(first), log);
    const both = await folder({ '0001_one.sql': create('one'), '0002_two.sql': create('two') + create('three') });
    await migrate(connection, await readMigrations(both), log);
    await migrate(connection, await readMigrations(both), log);
    expect(await applied()).toEqual(['0001_one', '0002_two']);
    expect(log.messages).toHaveLength(2);
    const tables = await connection.select<{ name: string }>('test', 'SHOW TABLES');
    expect(tables.map(({ name }) => name)).toEqual(['migrations', 'one', 'three', 'two']);
  });

  it('that were changed after they were applied are refused by name', async () => {
    await migrate(connection, await readMigrations(await folder({ '0001_one.sql': create('one') })), rememberingLog());
    const changed = await readMigrations(await folder({ '0001_one.sql': create('one') + create('two') }));
    await expect(migrate(connection, changed, rememberingLog())).rejects.toMatchObject({
      message: expect.stringContaining('migration 0001_one was changed') as string,
      transient: false,
    });
  });

  it('that stopped half-way go on', async () => {
    const broken = await readMigrations(await folder({ '0001_one.sql': create('one') + 'CREATE NONSENSE;\n' }));
    await expect(migrate(connection, broken, rememberingLog())).rejects.toThrow('cannot apply migration 0001_one');
    const mended = await readMigrations(await folder({ '0001_one.sql': create('one') + create('two') }));
    await migrate(connection, mended, rememberingLog());
    expect(await applied()).toEqual(['0001_one']);
  });
});

/** How every table of a database was made, without its name. */
async function schemaOf(database: string): Promise<unknown[]> {
  const server = new ClickHouse(around.clickhouse);
  const rows = await server.select(
    'test',
    `SELECT name, replaceAll(create_table_query, {database:String}, '') AS made
     FROM system.tables WHERE database = {database:String} ORDER BY name`,
    { database },
  );
  await server.close();
  return rows;
}

describe('the collector', () => {
  it('opens a store twice at once, and again, with what was stored', async () => {
    const stores = await Promise.all([around.open('twice'), around.open('twice')]);
    await stores[0].insertBatches([batchOf({ uptime: 1, series: [{ value: 7 }] })]);
    for (const store of [...stores, await around.open('twice')]) {
      expect((await store.counters())[0]?.counters).toEqual({ entered: 7 });
    }
  });

  it('goes on with what a collector of before has stored, and with its views', async () => {
    const old = new ClickHouse(around.clickhouse);
    await old.command('test', 'CREATE DATABASE grown');
    await old.close();
    const before = new ClickHouse(around.clickhouse, 'grown');
    await migrate(before, (await readMigrations()).slice(0, 5), rememberingLog());
    const [host, life, epoch] = ['h1', deriveId('life', 0), deriveId('epoch', 'h1', 'e1')];
    const labels = { host, life, epoch, hypercall: 'H_PUT_TCE', scope: 'one', liobn: 0x8000_0000 };
    await before.insertObjects('readings', [{ ...labels, at: '1795348801', counter: 'entered', value: 7 }]);
    await before.close();
    const store = await around.open('grown');
    await store.insertBatches([batchOf({ uptime: 2, series: [{ counter: 'entered_unsized', value: 3 }] })]);
    const counters = { entered: 7, entered_unsized: 3 };
    expect(await store.counters()).toMatchObject([{ counters }]);
    expect(await store.counters({ fromNs: 0n, toNs: BOOTED + 7200n * SECOND })).toMatchObject([{ counters }]);
  });

  it('works on tables that a newer collector has brought further than it knows', async () => {
    const newer = await around.open('ahead');
    await newer.insertBatches([batchOf({ uptime: 1, series: [{ value: 7 }] })]);
    const further = await folder({
      '0900_later.sql': [
        "ALTER TABLE readings ADD COLUMN IF NOT EXISTS later LowCardinality(String) DEFAULT 'none';",
        'ALTER TABLE host_readings ADD COLUMN IF NOT EXISTS later UInt64;',
        'ALTER TABLE vms ADD COLUMN IF NOT EXISTS later UInt64 FIRST;',
        "ALTER TABLE alert_events ADD COLUMN IF NOT EXISTS later String DEFAULT '' AFTER alert;",
        create('later'),
      ].join('\n'),
    });
    const server = new ClickHouse(around.clickhouse, 'ahead');
    await migrate(server, await readMigrations(further), rememberingLog());
    await server.close();

    const older = await around.open('ahead');
    await older.insertBatches([batchOf({ uptime: 2, series: [{ value: 9 }] })]);
    await older.insertAlertEvents([firingAlert('a')]);
    expect((await older.counters())[0]?.counters).toEqual({ entered: 9 });
    expect(await older.vms()).toHaveLength(1);
    expect(await older.alerts({ limit: 10 })).toHaveLength(1);
    expect(await newer.hosts()).toHaveLength(1);
  });

  it('only ever adds to its tables, and to what feeds them, so that older collectors go on with them', async () => {
    const adds =
      /^\s*(?:--.*\n|\s)*(CREATE (TABLE|MATERIALIZED VIEW) IF NOT EXISTS|ALTER TABLE \w+ (ADD COLUMN IF NOT EXISTS|MODIFY COLUMN counter\s+Enum8|MODIFY QUERY))/;
    for (const { name, statements } of await readMigrations()) {
      expect(
        statements.filter((statement) => !adds.test(statement)),
        name,
      ).toEqual([]);
    }
  });

  it('opens many stores at once, each migration applied as if by one', async () => {
    const [alone] = await Promise.all([around.open('alone'), ...Array.from({ length: 4 }, () => around.open('crowd'))]);
    expect(await schemaOf('crowd')).toEqual(await schemaOf('alone'));
    const server = new ClickHouse(around.clickhouse);
    const versions = (database: string): Promise<unknown[]> =>
      server.select('test', `SELECT version, name FROM ${database}.migrations FINAL ORDER BY version`);
    expect(await versions('crowd')).toEqual(await versions('alone'));
    await server.close();
    expect(await alone.hosts()).toEqual([]);
  });

  it('has no statement in its migrations that changes anything when it is repeated after the last', async () => {
    const store = await around.open('repeated');
    await store.insertBatches([batchOf({ uptime: 1, series: [{ value: 7 }] })]);
    const before = await schemaOf('repeated');
    const server = new ClickHouse(around.clickhouse, 'repeated');
    for (const { name, statements } of await readMigrations()) {
      for (const statement of statements) await server.command(name, statement);
      expect(await schemaOf('repeated'), name).toEqual(before);
    }
    await server.close();
    expect((await store.counters())[0]?.counters).toEqual({ entered: 7 });
  });

  it('ships its migrations', async () => {
    const manifest: unknown = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(manifest).toMatchObject({ files: expect.arrayContaining(['migrations']) as string[] });
  });

  it.each(['', 'a-b', 'x; DROP DATABASE y', '`'])('refuses a database named %j', async (database) => {
    await expect(around.open(database)).rejects.toThrow('is no name of a database');
  });
});

describe('retention', () => {
  async function daysOf(database: string): Promise<Record<string, string>> {
    const server = new ClickHouse(around.clickhouse, database);
    const rows = await server.select<{ name: string; engine_full: string }>(
      'test',
      'SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()',
    );
    await server.close();
    return Object.fromEntries(
      rows.flatMap(({ name, engine_full }) => {
        const days = /TTL .*toIntervalDay\((\d+)\)/.exec(engine_full)?.[1];
        return days === undefined ? [] : [[name, days]];
      }),
    );
  }

  it('is set, changed and taken away', async () => {
    const database = 'retained';
    await around.open(database, { retention: { readings: 7, minutes: 30, hours: 0, hosts: 31, alerts: 32 } });
    expect(await daysOf(database)).toEqual({
      readings: '7',
      readings_minute: '30',
      readings_recent: '2',
      latencies: '7',
      latencies_minute: '30',
      host_readings: '31',
      host_runs: '31',
      accounts: '31',
      vm_facts: '31',
      alert_events: '32',
      notifications: '32',
    });
    await around.open(database, { retention: { ...FOR_EVER, minutes: 5000, readings: 8 } });
    expect(await daysOf(database)).toEqual({
      readings: '8',
      readings_minute: '5000',
      readings_recent: '2',
      latencies: '8',
      latencies_minute: '5000',
    });
    await around.open(database, { retention: FOR_EVER });
    expect(await daysOf(database)).toEqual({});
  });

  it('is that of a single table where one is given', async () => {
    const tables = { latencies: 5, latenciesHour: 90, hostRuns: 0, vmFacts: undefined };
    await around.open('singly', { retention: { readings: 7, minutes: 30, hours: 0, hosts: 31, alerts: 0, tables } });
    expect(await daysOf('singly')).toEqual({
      readings: '7',
      readings_minute: '30',
      readings_recent: '2',
      latencies: '5',
      latencies_minute: '30',
      latencies_hour: '90',
      host_readings: '31',
      accounts: '31',
      vm_facts: '31',
    });
  });

  it('takes what is old out of the readings, and leaves the totals', async () => {
    const store = await around.open('aged', { retention: { readings: 1, minutes: 1, hours: 1, hosts: 1, alerts: 1 } });
    const old = batchOf({ uptime: 1, series: [{ value: 7 }] });
    old.clock.wallNs = 1_000_000_000_000_000_000n;
    await store.insertBatches([old]);
    const server = new ClickHouse(around.clickhouse, 'aged');
    await server.command('test', 'OPTIMIZE TABLE readings FINAL');
    expect(await server.select('test', 'SELECT * FROM readings')).toEqual([]);
    await server.close();
    expect((await store.counters())[0]?.counters).toEqual({ entered: 7 });
    expect(await store.accounts()).toMatchObject([{ counter: 'entered', stored: 7 }]);
  });

  it.each([-1, 1.5, Number.NaN, 1e6])('refuses %s days', async (alerts) => {
    await expect(around.open('wrong', { retention: { alerts } })).rejects.toThrow('is no number of days');
  });

  it('refuses to keep the finer rows for longer than the coarser', async () => {
    await expect(around.open('wrong', { retention: { readings: 8, minutes: 7 } })).rejects.toThrow(
      'retention.readings (8) is longer than retention.minutes (7)',
    );
    await expect(around.open('wrong', { retention: { minutes: 0, hours: 9 } })).rejects.toThrow(
      'retention.minutes (0) is longer than retention.hours (9)',
    );
    await expect(
      around.open('wrong', { retention: { minutes: 7, readings: 7, tables: { latencies: 8 } } }),
    ).rejects.toThrow('retention.tables.latencies (8) is longer than retention.minutes (7)');
  });
});
