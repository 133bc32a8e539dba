/** Both programs on a recording of a real host, with a receiver of OTLP: what they tell, and what they load. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ancestryIn, receiveOtlp, record } from './otlp-receiver.js';
import type { OtlpMetric, OtlpReceiver, OtlpSpan } from './otlp-receiver.js';
import { packagesIn, start } from './programs.js';
import { receiveWebhook, replay } from './replay.js';
import type { Replayed } from './replay.js';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'tcewatch-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

/** Its own package is that of the API, which prom-client brings. */
const ofOpenTelemetry = (packages: readonly string[]) =>
  packages.filter((name) => name.startsWith('@opentelemetry/') && name !== '@opentelemetry/api');

describe('programs that are told where to send it', () => {
  let otlp: OtlpReceiver;
  let notified: (string | undefined)[];
  let replayed: Replayed;
  let ancestry: (span: OtlpSpan | undefined) => string[];

  beforeAll(async () => {
    otlp = await receiveOtlp();
    const webhook = await receiveWebhook();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
    replayed = await replay(join(base, 'on'), { env, webhook: webhook.url });
    await webhook.close();
    notified = webhook.traceparents;
    ancestry = ancestryIn(otlp.spans);
  });
  afterAll(() => otlp.close());

  const named = (name: string) => otlp.spans.filter((span) => span.name === name);

  it('tell the way of each reading into the store, as one trace', () => {
    const readings = named('reading');
    expect(readings.length).toBeGreaterThan(50);
    for (const { traceId } of readings) {
      const trace = otlp.spans.filter((span) => span.traceId === traceId);
      const names = new Set(trace.map(({ name }) => name));
      expect([...names].sort()).toEqual(expect.arrayContaining(['deliver', 'insert', 'intake', 'reading']));
      expect(trace.filter((span) => ancestry(span).length === 1).map(({ name }) => name)).toEqual(['reading']);
      expect(trace.map(({ status }) => status.code)).not.toContain(2);
    }
    // One request has one traceparent: its first batch goes on from there, and others from their readings.
    const ways = new Set(named('insert').map((insert) => ancestry(insert).join(' < ')));
    const [before, after] = [
      'insert of tcewatch-collector < intake of tcewatch-collector',
      'reading of tcewatch-agent',
    ];
    expect(ways).toContain(`${before} < deliver of tcewatch-agent < ${after}`);
    ways.delete(`${before} < deliver of tcewatch-agent < ${after}`);
    ways.delete(`${before} < ${after}`);
    expect(ways).toEqual(new Set());
  });

  it('tell the whole way from a reading to the alert and its notification, and who is notified can go on', () => {
    const notify = named('notify');
    expect(notify.map((span) => record(span.attributes))).toEqual(
      new Array(3).fill({ 'tcewatch.notifier': expect.stringContaining('webhook') as string }),
    );
    for (const span of notify) {
      const [own, alert, intake, ...before] = ancestry(span);
      expect([own, alert, intake]).toEqual(
        ['notify', 'alert', 'intake'].map((name) => `${name} of tcewatch-collector`),
      );
      expect(before.at(-1)).toBe('reading of tcewatch-agent');
    }
    const states = named('alert').map(({ attributes }) => record(attributes)['tcewatch.alert.state']);
    expect(states).toEqual(['firing', 'firing', 'resolved']);
    const gone = notified.map((text) => TRACEPARENT.exec(text ?? '')?.slice(1));
    expect(gone).toEqual(notify.map(({ traceId, spanId }) => [traceId, spanId]));
  });

  it('end each span after it began, within that of which it is a part', () => {
    const byId = new Map(otlp.spans.map((span) => [span.spanId, span]));
    for (const span of otlp.spans) {
      const [began, ended] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)];
      expect(ended).toBeGreaterThanOrEqual(began);
      const parent = byId.get(span.parentSpanId ?? '');
      if (parent) expect(began).toBeGreaterThanOrEqual(BigInt(parent.startTimeUnixNano));
    }
  });

  it('send their metrics, as /metrics has them', () => {
    const last = (service: string, name: string) =>
      otlp.metrics.filter((metric) => metric.service === service && metric.name === name).at(-1);
    const points = (metric: OtlpMetric | undefined) =>
      (metric?.sum?.dataPoints ?? []).map(({ attributes, asDouble }) => ({ ...record(attributes), value: asDouble }));
    const hypercalls = last('tcewatch-agent', 'tcewatch_hypercalls_total');
    expect(hypercalls?.sum).toMatchObject({ isMonotonic: true, aggregationTemporality: 2 });
    expect(points(hypercalls)).toContainEqual(
      expect.objectContaining({ vm: 'hot', hypercall: 'H_STUFF_TCE', mode: 'userspace', value: 15_436 }),
    );
    const readings = named('reading').length;
    expect(points(last('tcewatch-collector', 'tcewatch_collector_batches_total'))).toEqual([
      { outcome: 'accepted', value: readings },
    ]);
    const inserts = last('tcewatch-collector', 'tcewatch_collector_store_insert_seconds')?.histogram?.dataPoints ?? [];
    const heads = inserts.find(({ attributes }) => record(attributes)['table'] === 'host_readings');
    expect(heads?.count).toBeGreaterThan(0);
    expect(heads?.bucketCounts.reduce((a, b) => a + b, 0)).toBe(heads?.count);
  });

  it('name themselves and their host, and not their command lines, which may hold secrets', () => {
    for (const service of ['tcewatch-agent', 'tcewatch-collector']) {
      const resource = otlp.resources.get(service);
      expect(resource).toMatchObject({ 'service.version': expect.any(String) as string });
      expect(resource).toHaveProperty(['host.name']);
      expect(Object.keys(resource ?? {}).filter((name) => name.startsWith('process.'))).toEqual([]);
    }
  });

  it('load the SDK for that', () => {
    for (const { packages } of [replayed.agent, replayed.collector])
      expect(packages).toContain('@opentelemetry/sdk-node');
  });
});

describe('programs that are told nothing of it', () => {
  it('load nothing of it, neither SDK nor exporters', async () => {
    const { agent, collector } = await replay(join(base, 'off'), { env: {} });
    // They have loaded what they do need.
    expect(agent.packages).toContain('prom-client');
    expect(collector.packages).toContain('@clickhouse/client');
    expect([agent, collector].map(({ packages }) => ofOpenTelemetry(packages))).toEqual([[], []]);
  });

  it('load nothing of it when it is switched off', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' };
    const traces = join(base, 'disabled');
    const args = ['replay', await unpack('vfio-7.2'), '--json'];
    expect(await start('agent', { args, env, traces }).ended).toMatchObject({ status: 0 });
    expect(ofOpenTelemetry(await packagesIn(traces))).toEqual([]);
  });
});
