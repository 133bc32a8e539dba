import { latenciesFromRows } from '@tcewatch/protocol';
import type { LatencyRow } from '@tcewatch/protocol';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { registerDurations } from '../../src/metrics/durations.js';

const vms = [
  { name: 'hot', uuid: 'u' },
  { name: 'idle', uuid: 'i' },
  // A later life of the first.
  { name: 'hot', uuid: 'u' },
];
const call = (
  vm: number,
  bucket: number,
  calls: number,
  totalUs: number,
  more: Partial<LatencyRow> = {},
): LatencyRow => ({
  ...{ vm, span: 'handled', hypercall: 'H_PUT_TCE_INDIRECT', bucket, calls, totalUs },
  ...more,
});

async function linesOf(rows: readonly LatencyRow[]): Promise<string[]> {
  const registry = new Registry();
  registerDurations(registry, () => ({ vms, latencies: latenciesFromRows(rows) }));
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('# HELP'));
}

it('shows how long calls took by VM and mode, lives and hypercalls together', async () => {
  const lines = await linesOf([
    call(0, 0, 1, 1),
    call(0, 7, 10, 1000),
    call(0, 7, 5, 500, { hypercall: 'H_STUFF_TCE' }),
    call(2, 7, 5, 500),
    call(0, 9, 3, 1200, { span: 'round_trip' }),
    call(0, 30, 1, 2 ** 30, { span: 'round_trip' }),
  ]);
  const of = (mode: string) => lines.filter((line) => line.includes(`mode="${mode}"`));
  expect(lines[0]).toBe('# TYPE tcewatch_hypercall_duration_seconds histogram');
  const name = (suffix: string) => `tcewatch_hypercall_duration_seconds_${suffix}`;
  const labels = 'vm="hot",uuid="u",mode="virtual"';
  expect(of('virtual')).toEqual(
    expect.arrayContaining([
      `${name('bucket')}{le="0.000002",${labels}} 1`,
      `${name('bucket')}{le="0.000064",${labels}} 1`,
      `${name('bucket')}{le="0.000128",${labels}} 21`,
      `${name('bucket')}{le="1.048576",${labels}} 21`,
      `${name('bucket')}{le="+Inf",${labels}} 21`,
      `${name('sum')}{${labels}} 0.002001`,
      `${name('count')}{${labels}} 21`,
    ]),
  );
  // 20 buckets, all, sum and count, whatever the kernel's buckets are.
  expect(of('virtual')).toHaveLength(23);
  const userspace = of('userspace');
  expect(userspace).toHaveLength(23);
  expect(userspace.find((line) => line.includes('le="1.048576"'))).toMatch(/ 3$/);
  expect(userspace.find((line) => line.includes('le="+Inf"'))).toMatch(/ 4$/);
  expect(lines.filter((line) => line.includes('idle'))).toEqual([]);
});

it('can be had as objects too', async () => {
  const registry = new Registry();
  registerDurations(registry, () => ({ vms, latencies: latenciesFromRows([call(0, 7, 10, 1000)]) }));
  const [metric] = await registry.getMetricsAsJSON();
  expect(metric).toMatchObject({ type: 'histogram' });
  expect(metric?.values.at(-1)).toEqual({
    metricName: 'tcewatch_hypercall_duration_seconds_count',
    labels: { vm: 'hot', uuid: 'u', mode: 'virtual' },
    value: 10,
  });
});

it('shows nothing where nothing is measured', async () => {
  expect(await linesOf([])).toEqual(['# TYPE tcewatch_hypercall_duration_seconds histogram']);
});
