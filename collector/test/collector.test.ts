/** The whole collector on a recording: real HTTP, the real engine, and a restart in the middle of an alert. */
import { gzipSync } from 'node:zlib';
import { encodeBatch, frameBatches } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCollectorConfig, startCollector } from '../src/index.js';
import type { AlertBody, Collector } from '../src/index.js';

interface Total {
  vm: string;
  hypercalls: { hypercall: string; modes: { mode: string; calls: number | null }[] }[];
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let collector: Collector;

function start(): Promise<Collector> {
  const config = loadCollectorConfig({
    TCEWATCH_COLLECTOR_CLICKHOUSE_EMBEDDED_DIRECTORY: directory.path,
    TCEWATCH_COLLECTOR_LISTEN_PORT: '0',
    TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_READINGS: '0',
    TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_MINUTES: '0',
    TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_HOURS: '0',
    TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_HOSTS: '0',
    TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_ALERTS: '0',
  });
  return startCollector(config, pino({ level: 'silent' }));
}

async function post(batches: readonly Batch[]): Promise<unknown> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
  const body = gzipSync(frameBatches(batches.map(encodeBatch)));
  const response = await fetch(`${collector.url}/v1/batches`, { method: 'POST', headers, body });
  return [response.status, await response.json()];
}

async function get<T>(path: string): Promise<T> {
  const response = await fetch(collector.url + path);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

/** Calls that went to userspace, and the others, by VM. */
async function calls(): Promise<Record<string, Record<string, number>>> {
  const sums: Record<string, Record<string, number>> = {};
  for (const { vm, hypercalls } of await get<Total[]>('/v1/counts')) {
    const sum = (sums[vm] ??= { real: 0, virtual: 0, userspace: 0 });
    for (const { mode, calls: added } of hypercalls.flatMap(({ modes }) => modes))
      sum[mode] = (sum[mode] ?? 0) + (added ?? NaN);
  }
  return sums;
}

describe('a collector that is started anew while an alert fires', () => {
  let metrics: string;
  let alerts: { whileFiring: AlertBody[]; atLast: AlertBody[] };

  beforeAll(async () => {
    directory = await temporaryDirectory();
    // Counters only grow: of every eighth reading and the last one the totals are the same.
    const all = await recordedBatches('vfio-7.2');
    const batches = all.filter((_, i) => i % 8 === 0 || i === all.length - 1);
    const restart = batches.findIndex(({ clock }) => clock.uptimeNs > 330_000_000_000n);

    collector = await start();
    expect(await post(batches.slice(0, restart))).toEqual([202, { accepted: restart, refused: [] }]);
    const whileFiring = await get<AlertBody[]>('/v1/alerts');
    await collector.close();

    collector = await start();
    const rest = batches.slice(restart);
    expect(await post(rest)).toEqual([202, { accepted: rest.length, refused: [] }]);
    expect(await post(batches.slice(0, 2))).toEqual([202, { accepted: 2, refused: [] }]);
    alerts = { whileFiring, atLast: await get<AlertBody[]>('/v1/alerts') };
    metrics = await (await fetch(`${collector.url}/metrics`)).text();
  });

  afterAll(async () => {
    await collector.close();
    await directory.remove();
  });

  it('has stored every call', async () => {
    expect(await calls()).toEqual({
      vfa: { real: 0, virtual: 172_846, userspace: 0 },
      hot: { real: 0, virtual: 76_374, userspace: 30_871 },
    });
    expect(await get('/v1/accounts')).toMatchObject([
      { counter: 'entered', seen: 280_091, stored: 280_091, lost: 0, balanced: true },
      { counter: 'punted', seen: 30_871, stored: 30_871, lost: 0, balanced: true },
    ]);
  });

  it('has told one alert, which outlived the restart', () => {
    expect(alerts.whileFiring).toMatchObject([{ state: 'firing', vm: { name: 'hot' } }]);
    expect(alerts.atLast).toMatchObject([
      { alertId: alerts.whileFiring[0]?.alertId, state: 'resolved', cause: { code: 'table-left-kernel-vfio' } },
    ]);
  });

  it('answers where a VM was in between', async () => {
    const [hot] = (await get<{ life: string; name: string; ended: boolean }[]>('/v1/vms')).filter(
      ({ name, ended }) => name === 'hot' && ended,
    );
    const one = await get(`/v1/vms/${hot?.life ?? ''}`);
    expect(one).toMatchObject({ name: 'hot', ended: true, facts: { tceTables: 1, vfioGroups: [2] } });
    const [host] = await get<{ readAt: string }[]>('/v1/hosts');
    const to = Date.parse(host?.readAt ?? '');
    const range = `from=${new Date(to - 3_600_000).toISOString()}&to=${new Date(to).toISOString()}`;
    const steps = await get<Total['hypercalls']>(`/v1/vms/${hot?.life ?? ''}/steps?${range}&step=60s`);
    const userspace = steps.flatMap(({ modes }) => modes).filter(({ mode }) => mode === 'userspace');
    expect(userspace.reduce((sum, step) => sum + (step.calls ?? 0), 0)).toBe(30_871);
  });

  it('is ready and healthy, and counts what it did', async () => {
    expect(await get('/readyz')).toEqual({ status: 'ready' });
    expect(await get('/healthz')).toEqual({ status: 'ok' });
    expect(metrics).toMatch(/tcewatch_collector_batches_total\{outcome="accepted"\} [1-9]/);
    expect(metrics).toMatch(/tcewatch_collector_alert_events_total\{.*state="resolved".*\} 1/);
    expect(metrics).toMatch(/tcewatch_collector_store_rows_total\{table="readings"\} [1-9]/);
    expect(metrics).toMatch(/tcewatch_collector_host_read_timestamp_seconds\{host="vfio-7.2"\} 1795349\d+/);
    expect(metrics).toMatch(/tcewatch_collector_newest_reading_age_seconds\{host="vfio-7.2"\} \d+/);
    expect(metrics).toMatch(/tcewatch_collector_host_clock_ahead_seconds\{host="vfio-7.2"\} -?\d+/);
    expect(metrics).not.toContain('tcewatch_collector_host_claimants{');
    expect(metrics).toContain('tcewatch_collector_alerts_firing 0');
    expect(metrics).toContain('tcewatch_collector_intake_bytes 0');
  });
});
