/** The embedded ClickHouse through the client that the collector uses. */
import { createClient } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { rememberingLog } from '@tcewatch/testing/remembering-log';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';
import type { EmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let clickhouse: EmbeddedClickHouse;
let client: ClickHouseClient;

beforeAll(async () => {
  directory = await temporaryDirectory();
  clickhouse = await startEmbeddedClickHouse({ directory: directory.path, log: rememberingLog() });
  client = connect();
  await client.command({ query: 'CREATE TABLE t (a UInt64, s String) ENGINE = MergeTree ORDER BY a' });
});

afterAll(async () => {
  await client.close();
  await clickhouse.close();
  await directory.remove();
});

function connect(options: Parameters<typeof createClient>[0] = {}): ClickHouseClient {
  const { url, username, password } = clickhouse;
  return createClient({ url, username, password, log: { level: 127 }, ...options });
}

async function select(query: string, parameters: Record<string, unknown> = {}): Promise<unknown[]> {
  return (await client.query({ query, query_params: parameters, format: 'JSONEachRow' })).json();
}

describe('the client', () => {
  it('pings, with and without credentials', async () => {
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
    const stranger = connect({ password: 'guessed' });
    expect(await stranger.ping({ select: true })).toMatchObject({ success: false, error: { code: '516' } });
    await stranger.close();
  });

  it('inserts and reads back any text, compressed both ways', async () => {
    const compressing = connect({ compression: { request: true, response: true } });
    const s = "it's \\ a\ttab\nand \u00e9 \u{1f600} \0";
    await compressing.insert({ table: 't', values: [{ a: '18446744073709551615', s }], format: 'JSONEachRow' });
    const found = await compressing.query({
      query: 'SELECT toString(a) AS a, s FROM t WHERE s = {s:String}',
      query_params: { s },
      format: 'JSONEachRow',
    });
    expect(await found.json()).toEqual([{ a: '18446744073709551615', s }]);
    await compressing.close();
  });

  it('is told what is wrong as by a server', async () => {
    await expect(select('SELECT * FROM nowhere')).rejects.toMatchObject({ code: '60', type: 'UNKNOWN_TABLE' });
    await expect(client.insert({ table: 't', values: [{ a: 'x' }], format: 'JSONEachRow' })).rejects.toMatchObject({
      code: '27',
    });
    await expect(select('SELECT {x:UInt8}')).rejects.toMatchObject({ code: '456' });
  });
});

describe('settings and parameters of a statement', () => {
  it('hold for it alone, however many run at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 24 }, async (_, i) => {
        const result = await client.query({
          query: "SELECT {x:UInt32} AS x, toUInt32(getSetting('max_threads')) AS threads, sleep(0.01) AS slept",
          query_params: { x: i },
          clickhouse_settings: { max_threads: i + 1 },
          format: 'JSONEachRow',
        });
        return result.json();
      }),
    );
    expect(answers).toEqual(Array.from({ length: 24 }, (_, i) => [{ x: i, threads: i + 1, slept: 0 }]));
    const [after] = await select("SELECT getSetting('join_use_nulls') AS nulls, currentDatabase() AS name");
    expect(after).toEqual({ nulls: false, name: 'default' });
    await expect(select('SELECT {x:UInt32}')).rejects.toMatchObject({ code: '456' });
  });

  it('do not let a slow statement block the others', async () => {
    let ended = false;
    const slow = select('SELECT sleepEachRow(1) FROM numbers(2) SETTINGS max_block_size = 1').then(() => {
      ended = true;
    });
    await select('SELECT 1');
    expect(ended).toBe(false);
    await slow;
  });
});
