/** Life and death of the child process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { createClient } from '@clickhouse/client';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { rememberingLog } from '@tcewatch/testing/remembering-log';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startEmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';
import type { EmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';
import { StoreError } from '../../src/model.js';

/** Patience of waits for something that is sure to come; how fast is not what is tested. */
const PATIENTLY = { timeout: 60_000, interval: 20 };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let open: EmbeddedClickHouse[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((clickhouse) => clickhouse.close()));
  await directory.remove();
});

async function start(options: { directory?: string; port?: number } = {}): Promise<EmbeddedClickHouse> {
  const clickhouse = await startEmbeddedClickHouse({ directory: directory.path, log: rememberingLog(), ...options });
  open.push(clickhouse);
  return clickhouse;
}

async function run(clickhouse: EmbeddedClickHouse, query: string): Promise<string> {
  const { url, username, password } = clickhouse;
  const client = createClient({ url, username, password, log: { level: 127 } });
  try {
    return await (await client.query({ query, format: 'TabSeparated' })).text();
  } finally {
    await client.close();
  }
}

it('comes back at the same address when it is killed, with all that was acknowledged', async () => {
  const clickhouse = await start();
  await run(clickhouse, 'CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a');
  const { pid, url } = clickhouse;
  for (let i = 0; i < 20; i++) await insert(clickhouse, i);
  process.kill(pid ?? 0, 'SIGKILL');
  await vi.waitFor(() => {
    expect(clickhouse.restarts).toBe(1);
  }, PATIENTLY);
  expect(clickhouse.url).toBe(url);
  expect(clickhouse.pid).not.toBe(pid);
  expect(await run(clickhouse, 'SELECT count(), sum(a) FROM t')).toBe('20\t190\n');
});

async function insert({ url, username, password }: EmbeddedClickHouse, a: number): Promise<void> {
  const client = createClient({ url, username, password });
  await client.insert({ table: 't', values: [{ a }], format: 'JSONEachRow' });
  await client.close();
}

it('keeps its data when it is closed and started again', async () => {
  const first = await start();
  await run(first, 'CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a');
  await insert(first, 7);
  await first.close();
  expect(first.pid).toBeUndefined();
  expect(await run(await start(), 'SELECT a FROM t')).toBe('7\n');
});

it('refuses a directory that another one uses, and names the way out', async () => {
  await start();
  await expect(start()).rejects.toThrow(
    `cannot open ClickHouse's data in ${directory.path}: another collector uses it; ` +
      'run `tcewatch-collector clickhouse` once and give its URL to both',
  );
});

it('refuses a directory that cannot be made', async () => {
  const file = join(directory.path, 'file');
  await writeFile(file, '');
  const refusal: unknown = await start({ directory: join(file, 'data') }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(StoreError);
  expect(refusal).toMatchObject({ transient: false, message: expect.stringContaining('can be written') as string });
});

it('refuses a port that is taken', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(start({ port })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
  server.close();
});

it('says where to turn to when the engine is not there', async () => {
  const hooks = `export async function resolve(name, context, next) {
    if (name === 'chdb') throw new Error('no chdb for this machine');
    return next(name, context);
  }`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(inline(hooks))});`;
  vi.stubEnv('NODE_OPTIONS', `--import=${inline(register)}`);
  try {
    await expect(start()).rejects.toThrow(/cannot be loaded on .*give the URL of a ClickHouse server instead/);
    await expect(start()).rejects.toThrow('no chdb for this machine');
  } finally {
    vi.unstubAllEnvs();
  }
});

function inline(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

it('ends when its parent is gone, without a goodbye', async () => {
  const program = join(directory.path, 'parent.mjs');
  const launcher = pathToFileURL(join(import.meta.dirname, '../../dist/embedded-clickhouse/index.js'));
  await writeFile(
    program,
    `import { startEmbeddedClickHouse } from ${JSON.stringify(launcher)};
     const log = { error() {}, warn() {}, info() {} };
     const { pid } = await startEmbeddedClickHouse({ directory: ${JSON.stringify(directory.path)}, log });
     console.log(pid);`,
  );
  const parent = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  parent.kill('SIGKILL');
  await vi.waitFor(async () => {
    expect(await isRunning(Number(line))).toBe(false);
  }, PATIENTLY);
  // The directory is free again.
  await start();
});

async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX');
  return !/^State:\s[XZ]/m.test(status);
}
