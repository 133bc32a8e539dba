import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, start } from './surroundings.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => directory.remove());

describe('tcewatch-collector', () => {
  it('explains itself', async () => {
    expect(await run(['--version'])).toEqual({ status: 0, out: '1.2.3\n', err: '' });
    const { out } = await run(['run', '--help']);
    expect(out).toMatch(/--listen-port <integer> +TCP port/);
    expect(out).toContain('Examples:');
    expect(out).not.toContain('--intake-token <');
  });

  it('checks a configuration', async () => {
    const good = join(directory.path, 'good.yaml');
    const bad = join(directory.path, 'bad.yaml');
    await writeFile(good, 'listen: { port: 1 }');
    await writeFile(bad, 'listn: { port: 1 }\ndetector: { minShare: 7 }');
    expect(await run(['check-config', good])).toEqual({ status: 0, out: 'ok\n', err: '' });
    const { status, err } = await run(['check-config', bad], { TCEWATCH_COLLECTOR_LISTEN_ADDRESS: '0.0.0.0' });
    expect(status).toBe(1);
    expect(err).toMatch(/listn: is no setting; did you mean listen\? \(.*bad\.yaml\)/);
    expect(err).toContain('detector.minShare');
  });

  it('refuses to listen for others without a token', async () => {
    const { status, err } = await run(['run', '--listen-address', '0.0.0.0']);
    expect([status, err]).toEqual([1, expect.stringContaining('intake.token: is needed to listen on 0.0.0.0')]);
  });

  it('refuses to migrate an engine that is not running', async () => {
    const { status, err } = await run(['migrate']);
    expect([status, err]).toEqual([1, expect.stringContaining('clickhouse.url is needed')]);
  });

  it('refuses a shared engine without a password', async () => {
    const { status, err } = await run(['clickhouse']);
    expect([status, err]).toEqual([1, expect.stringContaining('clickhouse.password is needed')]);
  });
});

describe('tcewatch-collector run', () => {
  it('shares an engine that runs alone, prints where it listens, and ends when it is asked to', async () => {
    const env = { TCEWATCH_COLLECTOR_CLICKHOUSE_PASSWORD: 'hush' };
    const data = ['--clickhouse-embedded-directory', join(directory.path, 'data')];
    const engine = start(['clickhouse', ...data], env);
    const { url, user } = JSON.parse(await engine.line) as { url: string; user: string };

    const migrated = await run(['migrate', '--clickhouse-url', url, '--clickhouse-user', user], env);
    expect(migrated).toEqual({ status: 0, out: 'ClickHouse has the database tcewatch\n', err: '' });

    const own = await run(['run', ...data, '--listen-port', '0'], env);
    expect([own.status, own.err]).toEqual([1, expect.stringContaining('tcewatch-collector clickhouse')]);

    const shared = ['run', '--clickhouse-url', url, '--clickhouse-user', user, '--listen-port'];
    const collector = start([...shared, '0'], env);
    const ready = JSON.parse(await collector.line) as { url: string };
    expect((await fetch(`${ready.url}/readyz`)).status).toBe(200);

    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const second = await run([...shared, String(port)], env);
    expect([second.status, second.err]).toEqual([
      1,
      expect.stringContaining(`cannot listen on 127.0.0.1 port ${port}`),
    ]);
    taken.close();

    collector.stop();
    expect(await collector.ended).toBe(0);
    engine.stop();
    expect(await engine.ended).toBe(0);
    await expect(fetch(`${ready.url}/healthz`)).rejects.toThrow();
  });
});
