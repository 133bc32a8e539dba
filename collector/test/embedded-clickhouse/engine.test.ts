import { temporaryDirectory } from '@tcewatch/testing/directories';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openEngine } from '../../src/embedded-clickhouse/engine.js';
import type { Engine } from '../../src/embedded-clickhouse/engine.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let engine: Engine;

beforeAll(async () => {
  directory = await temporaryDirectory();
  engine = await openEngine(directory.path);
});

afterAll(async () => {
  await engine.close();
  await directory.remove();
});

async function run(sql: string, ...preparation: string[]): Promise<string> {
  return Buffer.from((await engine.run({ sql, format: 'TabSeparated', preparation })).bytes).toString();
}

it('what prepares a statement holds for it alone', async () => {
  expect(await run("SELECT {x:String}, getSetting('max_threads')", "SET max_threads = 3, param_x = 'y'")).toBe(
    'y\t3\n',
  );
  await expect(run('SELECT {x:String}')).rejects.toMatchObject({ code: 456 });
});

it('tells how many rows the answer has', async () => {
  const sql = 'SELECT number FROM numbers(100) WHERE number % 2 = 0';
  expect(await engine.run({ sql, format: 'TabSeparated', preparation: [] })).toMatchObject({ rows: 50 });
});

it.each([
  ['SELEC 1', [], 62],
  ['SELECT 1', ['SET nothing_like_it = 1'], 115],
  ['SELECT 1', ['USE nowhere'], 81],
])('says with a code what is wrong: %s after %j', async (sql, preparation, code) => {
  const error: unknown = await run(sql, ...preparation).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'EngineError', code });
  expect((error as Error).message).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: `));
});

it('closes only when nothing runs any more', async () => {
  const slow = run('SELECT sleep(0.2)');
  await engine.close();
  expect(await slow).toBe('0\n');
  engine = await openEngine(directory.path);
});
