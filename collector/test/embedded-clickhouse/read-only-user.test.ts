/** The user who may only read, in front of the real engine. */
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { rememberingLog } from '@tcewatch/testing/remembering-log';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';
import type { EmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let clickhouse: EmbeddedClickHouse;
let secret: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const reader = { username: 'grafana', password: 'only reads' };
  clickhouse = await startEmbeddedClickHouse({ directory: join(directory.path, 'c'), reader, log: rememberingLog() });
  secret = join(directory.path, 'secret.csv');
  await writeFile(secret, 'secret\n');
  await ask('CREATE TABLE t (a UInt64, s LowCardinality(String)) ENGINE = MergeTree ORDER BY a', {
    'x-clickhouse-user': clickhouse.username,
    'x-clickhouse-key': clickhouse.password,
  });
  await ask("INSERT INTO t VALUES (1, 'x')", {
    'x-clickhouse-user': clickhouse.username,
    'x-clickhouse-key': clickhouse.password,
  });
});

afterAll(async () => {
  await clickhouse.close();
  await directory.remove();
});

const READER = { 'x-clickhouse-user': 'grafana', 'x-clickhouse-key': 'only reads' };

async function ask(sql: string, headers: Record<string, string> = READER, query = ''): Promise<[number, string]> {
  const response = await fetch(`${clickhouse.url}/${query}`, { method: 'POST', body: sql, headers });
  return [response.status, await response.text()];
}

describe('the reader', () => {
  it.each(['SELECT * FROM t', 'WITH 1 AS a SELECT a, * EXCEPT s FROM t FORMAT CSV', 'SHOW TABLES', 'DESCRIBE TABLE t'])(
    'may ask %s',
    async (sql) => {
      expect(await ask(sql)).toEqual([200, expect.anything()]);
    },
  );

  it.each([
    'INSERT INTO t VALUES (2, 2)',
    'ALTER TABLE t DELETE WHERE 1',
    'DROP TABLE t',
    'CREATE TABLE u (a UInt8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE u (a UInt8)',
    'SET readonly = 0',
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS max_memory_usage = 0',
    'KILL QUERY WHERE 1',
    'SYSTEM SHUTDOWN',
    'OPTIMIZE TABLE t',
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM file('SECRET', 'CSV', 'a String')",
    "SELECT * FROM 'SECRET'",
    "SELECT file('SECRET')",
    "SELECT `f\\x69le`('SECRET')",
    "SELECT file/* */\n('SECRET')",
    "SELECT (SELECT file('SECRET'))",
    "SELECT 1 INTO /* */ OUTFILE 'OUT'",
    "DESCRIBE file('SECRET')",
    "SELECT * FROM (DESCRIBE file('SECRET'))",
    "BACKUP TABLE t TO File('OUT')",
    "SELECT * FROM executable('x', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
    'SELECT 1; INSERT INTO t VALUES (3, 3)',
    '',
  ])('is refused %s', async (sql) => {
    const out = join(directory.path, 'out');
    const [status, text] = await ask(sql.replace('SECRET', secret).replace('OUT', out));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toMatch(/^Code: \d+\. DB::Exception/);
    expect(text).not.toContain('secret\n');
    expect(existsSync(out)).toBe(false);
    expect(await ask('SELECT count(), max(a) FROM t')).toEqual([200, '1\t1\n']);
  });

  it('cannot undo it by parameters of the request', async () => {
    const insert = encodeURIComponent('INSERT INTO t FORMAT CSV');
    for (const query of ['?readonly=0', '?readonly=0&dialect=kusto', `?query=${insert}`]) {
      expect(await ask(query.includes('query') ? '2,x' : 'INSERT INTO t VALUES (2, 2)', READER, query)).toEqual([
        expect.any(Number),
        expect.stringMatching(/^Code: /),
      ]);
    }
    expect(await ask('SELECT count() FROM t')).toEqual([200, '1\n']);
  });

  it('gets an error instead of an answer that would fill the memory', async () => {
    const [status, text] = await ask("SELECT repeat('x', 1000000) FROM numbers(2000)");
    expect([status, text]).toEqual([500, expect.stringContaining('MEMORY_LIMIT_EXCEEDED')]);
  });

  it('must prove who he is', async () => {
    expect(await ask('SELECT 1', { ...READER, 'x-clickhouse-key': 'guessed' })).toEqual([
      403,
      expect.stringContaining('Authentication failed'),
    ]);
  });

  it('has a password of his own in a file that nobody else may read, where none is given', async () => {
    const own = join(directory.path, 'own');
    const start = () => startEmbeddedClickHouse({ directory: own, reader: { username: 'r' }, log: rememberingLog() });
    let started = await start();
    const file = join(own, 'reader-password');
    const password = await readFile(file, 'utf8');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await started.close();
    started = await start();
    const headers = { authorization: `Basic ${Buffer.from(`r:${password}`).toString('base64')}` };
    const response = await fetch(`${started.url}/?query=SELECT+1`, { headers });
    expect(await response.text()).toBe('1\n');
    await started.close();
  });
});
