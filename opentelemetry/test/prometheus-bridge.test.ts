import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { PrometheusBridge } from '../src/sdk/prometheus-bridge.js';

async function bridged(registry: Registry) {
  const bridge = new PrometheusBridge({ name: 'test', version: '1' });
  bridge.add(registry);
  const { resourceMetrics, errors } = await bridge.collect();
  const [scope, ...others] = resourceMetrics.scopeMetrics;
  expect(others).toEqual([]);
  expect(scope?.scope).toEqual({ name: 'test', version: '1' });
  return { metrics: scope?.metrics ?? [], errors };
}

describe('the bridge from prom-client', () => {
  it('gives counters as sums that only grow since the process began, by their labels', async () => {
    const registry = new Registry();
    const counter = new Counter({ name: 'calls_total', help: 'Calls.', labelNames: ['vm'], registers: [registry] });
    counter.inc({ vm: 'hot' }, 3);
    counter.inc({ vm: 'vfa' }, 2 ** 52);
    const { metrics } = await bridged(registry);
    expect(metrics).toMatchObject([
      {
        descriptor: { name: 'calls_total', description: 'Calls.', unit: '' },
        aggregationTemporality: 1,
        dataPointType: 3,
        isMonotonic: true,
        dataPoints: [
          { attributes: { vm: 'hot' }, value: 3 },
          { attributes: { vm: 'vfa' }, value: 2 ** 52 },
        ],
      },
    ]);
    const { startTime, endTime } = metrics[0]!.dataPoints[0]!;
    expect(startTime[0]).toBe(Math.floor(performance.timeOrigin / 1000));
    expect(endTime[0]).toBeGreaterThanOrEqual(startTime[0]);
  });

  it('gives gauges, and nothing for one of which nothing is known', async () => {
    const registry = new Registry();
    const labelNames = ['host'];
    new Gauge({ name: 'age_seconds', help: 'Age.', labelNames, registers: [registry] }).set({ host: 'h' }, -0.5);
    new Gauge({ name: 'unknown', help: 'Unknown.', labelNames, registers: [registry] });
    const { metrics } = await bridged(registry);
    expect(metrics).toMatchObject([
      {
        descriptor: { name: 'age_seconds' },
        dataPointType: 2,
        dataPoints: [{ attributes: { host: 'h' }, value: -0.5 }],
      },
      { descriptor: { name: 'unknown' }, dataPoints: [] },
    ]);
  });

  it('gives histograms with what each bucket alone holds, by their other labels', async () => {
    const registry = new Registry();
    const of = { name: 'insert_seconds', help: 'Inserts.', labelNames: ['table'], buckets: [0.1, 1] };
    const histogram = new Histogram({ ...of, registers: [registry] });
    for (const seconds of [0.05, 0.05, 0.5, 7, 8, 9]) histogram.observe({ table: 'readings' }, seconds);
    histogram.observe({ table: 'vms' }, 0.5);
    const { metrics } = await bridged(registry);
    expect(metrics).toMatchObject([
      {
        descriptor: { name: 'insert_seconds' },
        dataPointType: 0,
        dataPoints: [
          {
            attributes: { table: 'readings' },
            value: { buckets: { boundaries: [0.1, 1], counts: [2, 1, 3] }, count: 6 },
          },
          { attributes: { table: 'vms' }, value: { buckets: { counts: [0, 1, 0] }, sum: 0.5, count: 1 } },
        ],
      },
    ]);
    expect((metrics[0]!.dataPoints[0]!.value as { sum: number }).sum).toBeCloseTo(24.6);
  });

  it('leaves summaries out', async () => {
    const registry = new Registry();
    new Summary({ name: 'summary', help: 'Summary.', registers: [registry] }).observe(1);
    expect((await bridged(registry)).metrics).toEqual([]);
  });

  it('says which registry failed, and gives what the others have', async () => {
    const registry = new Registry();
    new Gauge({ name: 'good', help: 'Good.', registers: [registry] }).set(1);
    const broken = new Registry();
    const failure = new Error('broken');
    new Gauge({
      name: 'bad',
      help: 'Bad.',
      registers: [broken],
      collect: () => Promise.reject(failure),
    });
    const bridge = new PrometheusBridge({ name: 'test' });
    bridge.add(broken);
    bridge.add(registry);
    const { resourceMetrics, errors } = await bridge.collect();
    expect(errors).toEqual([failure]);
    expect(resourceMetrics.scopeMetrics[0]?.metrics).toMatchObject([{ descriptor: { name: 'good' } }]);
  });
});
