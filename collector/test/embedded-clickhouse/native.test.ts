/** Native of the engine itself, made into what clients of the protocol read. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/embedded-clickhouse/engine.js';
import { NativeError } from '../../src/embedded-clickhouse/native-cursor.js';
import { forProtocol } from '../../src/embedded-clickhouse/native.js';
import { temporaryEngine } from './temporary-engine.js';

let engine: Engine;

beforeAll(async () => {
  engine = await temporaryEngine();
});

afterAll(async () => {
  await engine.close();
});

async function native(sql: string, preparation: string[] = []): Promise<Uint8Array> {
  return (await engine.run({ sql, format: 'Native', preparation })).bytes;
}

it('puts information before the block and a word on serialization before the data', async () => {
  const bytes = forProtocol(await native("SELECT toUInt8(7) AS a, 'x' AS b"));
  const info = '\x01\x00\x02\xff\xff\xff\xff\x00';
  expect(bytes.toString('latin1')).toBe(`${info}\x02\x01\x01a\x05UInt8\x00\x07\x01b\x06String\x00\x01x`);
});

describe('the end of a column is found', () => {
  it.each([
    'toUInt64(number)',
    'toInt256(number)',
    'toFloat64(number)',
    'toDecimal64(number, 3)',
    'toDecimal256(number, 3)',
    "toDateTime64(number, 9, 'UTC')",
    'toDate(number)',
    'number % 2 = 0',
    'generateUUIDv4()',
    "toFixedString('ab', 5)",
    "repeat('x', 200 * number)",
    'toLowCardinality(toString(number % 2))',
    'toLowCardinality(if(number = 1, NULL, toString(number)))',
    'if(number = 1, NULL, number)',
    'NULL',
    'range(number)',
    '[]::Array(LowCardinality(String))',
    'arrayMap(x -> toLowCardinality(toString(x)), range(number))',
    "map('a', number, 'b,)', number)",
    "tuple(number, 'x')",
    "(number, 'x')::Tuple(mode UInt8, `b c` Nullable(String))",
    "CAST('real' AS Enum8('real' = 1, 'with, (comma)' = 2))",
    "[(1, 'x')]::Array(Tuple(a UInt8, b Enum8('x' = 1)))",
    'toIntervalDay(number)',
  ])('%s', async (expression) => {
    const data = await native(`SELECT number AS a, ${expression} AS b, 42 AS c FROM numbers(3)`, [
      'SET max_block_size = 2',
    ]);
    const added = forProtocol(data).length - data.length;
    // Two blocks with information, of three columns with one byte each.
    expect(added).toBe(2 * (8 + 3));
  });
});

it('has nothing to add to an empty result', async () => {
  expect(forProtocol(await native('SELECT 1 WHERE 0'))).toHaveLength(0);
});

it('names a type that it does not know, and bytes that end too early', async () => {
  await expect(native("SELECT '{}'::JSON").then(forProtocol)).rejects.toThrow(/cannot send JSON.* cast it to String/);
  const whole = await native('SELECT number FROM numbers(2)');
  expect(() => forProtocol(whole.subarray(0, whole.length - 1))).toThrow(NativeError);
});
