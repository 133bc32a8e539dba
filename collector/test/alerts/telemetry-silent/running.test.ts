/** Silence as a running collector notices it by itself: real HTTP, the real engine, the real timer. */
import { encodeBatch, frameBatches } from '@tcewatch/protocol';
import { batchOf } from '@tcewatch/testing/batches';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCollectorConfig, startCollector } from '../../../src/index.js';
import type { AlertBody, Collector } from '../../../src/index.js';
import { startWebhook } from '../../webhook.js';
import type { Webhook } from '../../webhook.js';

/** The collector looks every ten seconds, on a machine that may have much else to do. */
const PATIENCE = { timeout: 120_000, interval: 100 };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let webhook: Webhook;
let collector: Collector;

beforeAll(async () => {
  directory = await temporaryDirectory();
  webhook = await startWebhook();
  const kept = ['READINGS', 'MINUTES', 'HOURS', 'HOSTS', 'ALERTS'];
  const config = loadCollectorConfig({
    ...Object.fromEntries(kept.map((table) => [`TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_${table}`, '0'])),
    TCEWATCH_COLLECTOR_CLICKHOUSE_EMBEDDED_DIRECTORY: directory.path,
    TCEWATCH_COLLECTOR_LISTEN_PORT: '0',
    TCEWATCH_COLLECTOR_DETECTOR_SILENT_AFTER: '1s',
    TCEWATCH_COLLECTOR_NOTIFIERS: JSON.stringify([{ type: 'webhook', url: webhook.url }]),
  });
  collector = await startCollector(config, pino({ level: 'silent' }));
});

afterAll(async () => {
  await collector.close();
  webhook.close();
  await directory.remove();
});

async function post(uptime: number): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const body = Buffer.from(frameBatches([encodeBatch(batchOf({ uptime, interval: 1, vms: [] }))]));
  expect((await fetch(`${collector.url}/v1/batches`, { method: 'POST', headers, body })).status).toBe(202);
}

const told = (): string[] => webhook.told.map(({ alert, state, revision }) => `${alert} ${state} ${revision}`);

it('is told once by the timer, stored, and resolved by the next batch', async () => {
  await post(100);
  await expect.poll(told, PATIENCE).toEqual(['TceTelemetrySilent firing 0']);
  const stored = await fetch(`${collector.url}/v1/alerts`);
  expect((await stored.json()) as AlertBody[]).toMatchObject([
    { alert: 'TceTelemetrySilent', state: 'firing', host: { id: 'h', name: 'h.example' }, cause: { code: 'silent' } },
  ]);
  await post(200);
  await expect.poll(told, PATIENCE).toContain('TceTelemetrySilent resolved 1');
  expect(told().slice(0, 2)).toEqual(['TceTelemetrySilent firing 0', 'TceTelemetrySilent resolved 1']);
});
