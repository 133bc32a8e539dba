/** clickhouse-go in the name of the user who may only read, in front of the real engine. */
import { join } from 'node:path';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { hasGo } from '@tcewatch/testing/go-program';
import { rememberingLog } from '@tcewatch/testing/remembering-log';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';
import type { EmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';
import { askByGo } from './clickhouse-go.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let clickhouse: EmbeddedClickHouse;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const reader = { username: 'grafana', password: 'only reads' };
  clickhouse = await startEmbeddedClickHouse({ directory: join(directory.path, 'c'), reader, log: rememberingLog() });
});

afterAll(async () => {
  await clickhouse.close();
  await directory.remove();
});

describe.skipIf(!hasGo)('clickhouse-go', () => {
  const reader = () => ({ url: clickhouse.url, username: 'grafana', password: 'only reads' });

  it('reads what the engine answers, of every type that the store has', async () => {
    const [answer] = await askByGo(reader(), [
      `SELECT toUInt64(7) AS n, 'it''s' AS s, toDateTime64('2026-11-22 12:00:00.5', 9, 'UTC') AS t,
         toLowCardinality('low') AS l, [1, 2]::Array(UInt32) AS a, NULL::Nullable(UInt64) AS no, map('k', 1) AS m,
         toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0') AS u, 0.5 AS f, CAST('real' AS Enum8('real' = 1)) AS e`,
    ]);
    expect(answer).toEqual({
      columns: [
        { name: 'n', type: 'UInt64' },
        { name: 's', type: 'String' },
        { name: 't', type: "DateTime64(9, 'UTC')" },
        { name: 'l', type: 'LowCardinality(String)' },
        { name: 'a', type: 'Array(UInt32)' },
        { name: 'no', type: 'Nullable(UInt64)' },
        { name: 'm', type: 'Map(String, UInt8)' },
        { name: 'u', type: 'UUID' },
        { name: 'f', type: 'Float64' },
        { name: 'e', type: "Enum8('real' = 1)" },
      ],
      rows: [
        [
          7,
          "it's",
          '2026-11-22T12:00:00.5Z',
          'low',
          [1, 2],
          null,
          { k: 1 },
          '61f0c404-5cb3-11e7-907b-a6006ad3dba0',
          0.5,
          'real',
        ],
      ],
    });
  });

  it('reads many blocks, none, and what went wrong', async () => {
    const [many, none, wrong, refused] = await askByGo(reader(), [
      'SELECT number, toString(number) AS s FROM numbers(200000) WHERE number % 2 = 1',
      'SELECT number AS a FROM numbers(1) WHERE a = 99',
      'SELECT * FROM nowhere',
      'CREATE TABLE t (a UInt64) ENGINE = Memory',
    ]);
    expect(many).toMatchObject({
      columns: [
        { name: 'number', type: 'UInt64' },
        { name: 's', type: 'String' },
      ],
    });
    expect([many?.rows?.length, many?.rows?.at(-1)]).toEqual([100_000, [199_999, '199999']]);
    expect(none).toMatchObject({ rows: [] });
    expect(wrong).toMatchObject({ error: expect.stringContaining('UNKNOWN_TABLE') as string });
    expect(refused).toMatchObject({ error: expect.stringContaining('READONLY') as string });
  });
});
