/**
 * The schema's form for a cluster. No cluster can run here, and the embedded engine has no Keeper: so the engine itself
 * parses every statement, makes every Distributed table for real on a cluster of its configuration, and is seen to refuse
 * the replicated tables for want of Keeper alone.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { FOR_EVER } from '@tcewatch/testing/recorded-batches';
import { Session } from 'chdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/model.js';
import { ClickHouse } from '../../../src/store/client.js';
import {
  CLUSTER_SETTINGS,
  DEFAULT_REPLICA_PATH,
  clusterProblem,
  clusterSchema,
} from '../../../src/store/schema/cluster.js';
import { PLAIN, RECORD, readMigrations } from '../../../src/store/schema/migrations.js';
import { applyRetention } from '../../../src/store/schema/retention.js';
import { surroundings } from '../surroundings.js';
import type { Surroundings } from '../surroundings.js';

const CLUSTER = { name: 'fleet-1', replicaPath: DEFAULT_REPLICA_PATH };
const schema = clusterSchema(CLUSTER, 'tcewatch');

let around: Surroundings;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: ClickHouse;
let plain: string[];

beforeAll(async () => {
  [around, directory] = await Promise.all([surroundings(), temporaryDirectory()]);
  server = new ClickHouse(around.clickhouse);
  plain = (await readMigrations()).flatMap(({ statements }) => statements);
});

afterAll(async () => {
  await server.close();
  await around.close();
  await directory.remove();
});

/** As the engine's own parser reads it. */
async function parsed(sql: string): Promise<string> {
  const rows = await server.select<{ sql: string }>('test', 'SELECT formatQuerySingleLine({sql:String}) AS sql', {
    sql,
  });
  return rows[0]?.sql ?? '';
}

describe('every statement of the schema', () => {
  it('is read by the engine, in both forms, and on a cluster concerns all of it', async () => {
    for (const statement of [RECORD, ...plain]) await parsed(PLAIN.statements(statement)[0] ?? '');
    const rendered = [schema.record(RECORD), ...plain.flatMap((statement) => schema.statements(statement))];
    expect(rendered.length).toBeGreaterThan(plain.length);
    for (const statement of rendered) expect(await parsed(statement)).toContain(' ON CLUSTER `fleet-1` ');
    await expect(parsed('CREATE TABEL t')).rejects.toThrow('SYNTAX_ERROR');
  });

  it('has its form in words that can be looked at', () => {
    const [, totals = '', view = ''] = plain.filter((statement) => statement.includes('accounts'));
    expect([totals, view].flatMap((statement) => schema.statements(statement)).join('\n')).toMatchInlineSnapshot(`
      "
      CREATE TABLE IF NOT EXISTS accounts_total ON CLUSTER \`fleet-1\`
      (
          host LowCardinality(String),
          counter Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5),
          epoch UUID CODEC(ZSTD(1)),
          seen SimpleAggregateFunction(max, UInt64),
          table_full SimpleAggregateFunction(max, UInt64),
          overwritten SimpleAggregateFunction(max, UInt64),
          dropped SimpleAggregateFunction(max, UInt64)
      )
      ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
      ORDER BY (host, counter, epoch)
      CREATE OR REPLACE TABLE tcewatch.accounts_total ON CLUSTER \`fleet-1\` AS tcewatch_local.accounts_total
      ENGINE = Distributed(\`fleet-1\`, tcewatch_local, accounts_total, cityHash64(host))

      CREATE MATERIALIZED VIEW IF NOT EXISTS accounts_to_total ON CLUSTER \`fleet-1\` TO accounts_total AS
      SELECT
          host, counter, epoch,
          max(accounts.seen) AS seen,
          max(accounts.table_full) AS table_full,
          max(accounts.overwritten) AS overwritten,
          max(accounts.dropped) AS dropped
      FROM accounts
      GROUP BY host, counter, epoch"
    `);
    expect(schema.statements('ALTER TABLE v MODIFY QUERY\nSELECT a FROM t')).toEqual([
      'ALTER TABLE v ON CLUSTER `fleet-1` MODIFY QUERY\nSELECT a FROM t',
    ]);
    expect(schema.statements('ALTER TABLE t MODIFY COLUMN a UInt8')).toMatchInlineSnapshot(`
      [
        "ALTER TABLE t ON CLUSTER \`fleet-1\` MODIFY COLUMN a UInt8",
        "CREATE OR REPLACE TABLE tcewatch.t ON CLUSTER \`fleet-1\` AS tcewatch_local.t
      ENGINE = Distributed(\`fleet-1\`, tcewatch_local, t, cityHash64(host))",
      ]
    `);
    expect(schema.record(RECORD)).toMatchInlineSnapshot(`
      "CREATE TABLE IF NOT EXISTS migrations ON CLUSTER \`fleet-1\`
      (version UInt32, name String, checksum String, applied_at DateTime DEFAULT now())
      ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}') ORDER BY version"
    `);
  });

  it('that has no form for a cluster is refused', () => {
    for (const statement of ['DROP TABLE t', 'CREATE TABLE t (a UInt8) ENGINE = Log', 'INSERT INTO t SELECT 1']) {
      expect(() => schema.statements(statement)).toThrow(StoreError);
    }
  });
});

describe('the embedded engine', () => {
  /** The session of an engine that has the cluster in its configuration, without servers behind it. */
  async function configured(): Promise<{ run(sql: string): Promise<string>; close(): void }> {
    const file = join(directory.path, 'clusters.xml');
    const replica = (host: string): string =>
      `<shard><internal_replication>true</internal_replication><replica><host>${host}</host><port>9000</port></replica></shard>`;
    await writeFile(
      file,
      `<clickhouse><remote_servers><fleet-1>${replica('127.0.0.1')}${replica('127.0.0.2')}</fleet-1></remote_servers>
       <macros><shard>1</shard><replica>a</replica></macros></clickhouse>`,
    );
    const session = new Session(join(directory.path, 'engine'), { connectionArgs: [`--config-file=${file}`] });
    const run = async (sql: string): Promise<string> => {
      const result = await session.queryAsync(sql, { format: 'JSONEachRow' });
      return Buffer.from(result.bytes()).toString();
    };
    return {
      run,
      close: () => {
        session.close();
      },
    };
  }

  it('makes every Distributed table, and would make every replicated one if it had Keeper', async () => {
    const engine = await configured();
    await engine.run('CREATE DATABASE tcewatch; CREATE DATABASE tcewatch_local; USE tcewatch_local');
    for (const statement of plain) await engine.run(statement);
    const here = (sql: string): string => sql.replace(' ON CLUSTER `fleet-1`', '').replace('IF NOT EXISTS ', '');
    let made = 0;
    for (const sql of plain.flatMap((statement) => schema.statements(statement)).map(here)) {
      if (sql.includes('ENGINE = Distributed')) {
        await engine.run(sql);
        made++;
      } else if (sql.includes('ENGINE = Replicated')) {
        await expect(engine.run(sql.replace('CREATE TABLE ', 'CREATE TABLE replicated_'))).rejects.toThrow(
          'NO_ZOOKEEPER',
        );
      }
    }
    const tables = JSON.parse(
      await engine.run("SELECT toUInt32(count()) AS n FROM system.tables WHERE database = 'tcewatch'"),
    ) as unknown;
    expect(tables).toEqual({ n: plain.filter((statement) => statement.includes('CREATE TABLE')).length });
    expect(made).toBeGreaterThanOrEqual(9);
    // A table without `host` could not be sharded by it.
    await engine.run('CREATE TABLE hostless (a UInt8) ENGINE = MergeTree ORDER BY a');
    const [, over = ''] = schema.statements(
      'CREATE TABLE IF NOT EXISTS hostless (a UInt8)\nENGINE = MergeTree ORDER BY a',
    );
    await expect(engine.run(here(over))).rejects.toThrow('host');
    engine.close();
  });

  it('knows the settings that a cluster is asked with', async () => {
    const rows = await server.select<{ name: string }>(
      'test',
      `SELECT name FROM system.settings WHERE name IN ('${Object.keys(CLUSTER_SETTINGS).join("', '")}')`,
    );
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(CLUSTER_SETTINGS).sort());
  });
});

describe('a server that cannot hold the cluster', () => {
  const node = { cluster: 'fleet-1', shard_num: 1, internal_replication: 1 };

  it('is refused for what it lacks', () => {
    expect(clusterProblem('fleet-1', [node], ['shard', 'replica'])).toBeUndefined();
    expect(clusterProblem('fleet-1', [{ cluster: 'fleet-1', shard_num: 1 }], ['shard', 'replica'])).toBeUndefined();
    expect(clusterProblem('fleet', [node], ['shard', 'replica'])).toContain('(it knows: fleet-1)');
    expect(clusterProblem('fleet-1', [node], ['shard'])).toContain('no macro replica;');
    expect(clusterProblem('fleet-1', [{ ...node, internal_replication: 0 }], ['shard', 'replica'])).toContain(
      'internal_replication off',
    );
  });

  it('is refused when a store is opened on it, before anything is made', async () => {
    const open = around.open('refused', { cluster: CLUSTER });
    await expect(open).rejects.toThrow('clickhouse.cluster is fleet-1, which is not in system.clusters');
    await expect(open).rejects.toMatchObject({ name: 'StoreError', failure: 'schema' });
    const made = await server.select('test', "SELECT name FROM system.databases WHERE name LIKE 'refused%'");
    expect(made).toEqual([]);
  });
});

it('retention is altered on all of the cluster, where the rows are', async () => {
  await around.open('kept', { retention: FOR_EVER });
  const tables = new ClickHouse(around.clickhouse, 'kept');
  const altered: string[] = [];
  const told = { ...schema, alter: (table: string) => (altered.push(schema.alter(table)), PLAIN.alter(table)) };
  await applyRetention(tables, { ...FOR_EVER, alerts: 9 }, told);
  await tables.close();
  expect(altered).toEqual([
    'ALTER TABLE alert_events ON CLUSTER `fleet-1`',
    'ALTER TABLE notifications ON CLUSTER `fleet-1`',
  ]);
});
