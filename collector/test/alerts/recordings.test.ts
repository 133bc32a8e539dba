/** The alerts of two real hosts, whose batches are made by the agent itself. */
import type { Batch } from '@tcewatch/protocol';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import { describe, expect, it } from 'vitest';
import { createDetector } from '../../src/alerts/index.js';
import type { AlertEvent } from '../../src/alerts/event.js';

const vfio = await recordedBatches('vfio-7.2');
const fallback = await recordedBatches('fallback-6.1');

function eventsOf(batches: readonly Batch[]): AlertEvent[] {
  const detector = createDetector();
  return batches.flatMap((batch) => detector.observe(batch));
}

/** Seconds since the recorded host was booted. */
function uptimeOf(ns: bigint | null | undefined, [batch]: readonly Batch[]): number {
  if (batch === undefined || typeof ns !== 'bigint') return NaN;
  return Number(ns - (batch.clock.wallNs - batch.clock.uptimeNs)) / 1e9;
}

describe('the recording vfio-7.2, in which a running VM loses acceleration', () => {
  const events = eventsOf(vfio);

  it('gives one alert, for the first life of hot', () => {
    expect(new Set(events.map(({ alertId }) => alertId)).size).toBe(1);
    expect(events.map(({ vm, state }) => `${vm?.name} ${state}`)).toEqual(['hot firing', 'hot firing', 'hot resolved']);
    expect(events.map(({ revision }) => revision)).toEqual([0, 1, 2]);
  });

  it('fires soon after the first punt and resolves when the life has ended', () => {
    const fired = uptimeOf(events[0]?.firedAtNs, vfio);
    expect(fired).toBeGreaterThan(259.3 + 10);
    expect(fired).toBeLessThan(259.3 + 20);
    const resolved = uptimeOf(events.at(-1)?.resolvedAtNs, vfio);
    expect(resolved).toBeGreaterThan(471);
    expect(resolved).toBeLessThan(560);
  });

  it('names the table that left when the VFIO device came, once the agent has seen it', () => {
    expect(events.map(({ cause }) => cause.code)).toEqual([
      'unknown',
      'table-left-kernel-vfio',
      'table-left-kernel-vfio',
    ]);
    const { before, after } = events[1]?.evidence ?? {};
    expect(before).toMatchObject({ tceTables: 2, vfioGroups: [] });
    expect(after).toMatchObject({ tceTables: 1, vfioGroups: [2] });
    expect(uptimeOf(before?.observedAtNs, vfio)).toBeLessThan(259.3);
    expect(uptimeOf(after?.observedAtNs, vfio)).toBeGreaterThan(259.3);
  });

  it('does not tell what was lost to userspace, which was not measured, though calls in the kernel were', async () => {
    const batches = await recordedBatches('vfio-7.2', 'ring');
    expect(batches.at(-1)?.latencies?.length).toBeGreaterThan(0);
    const told = [...events, ...eventsOf(batches)];
    expect(new Set(told.map(({ impact }) => impact?.known))).toEqual(new Set(['estimated']));
  });

  it('gives the same alert when every batch comes again, late', () => {
    const again = vfio.flatMap((batch, i) => [batch, vfio[Math.max(0, i - 7)] ?? batch]);
    expect(eventsOf([...again, ...vfio])).toEqual(events);
  });

  it('gives the same alert to a collector that is started anew at any moment', () => {
    const key = ({ alertId, state, cause }: AlertEvent) => `${alertId} ${state} ${cause.code}`;
    const fired = vfio.findIndex((_, i) => eventsOf(vfio.slice(0, i + 1)).length > 0);
    for (const restart of [fired + 1, fired + 20, fired + 60]) {
      const before = eventsOf(vfio.slice(0, restart));
      const detector = createDetector();
      detector.restore(before.slice(-1));
      const after = vfio.slice(restart).flatMap((batch) => detector.observe(batch));
      expect([...before, ...after].map(key)).toEqual(events.map(key));
    }
  });
});

describe('the recording fallback-6.1, in which a VM never had acceleration', () => {
  it('gives one alert, for l2f, which has no table in the kernel', () => {
    const events = eventsOf(fallback);
    expect(new Set(events.map(({ alertId }) => alertId)).size).toBe(1);
    expect(new Set(events.map(({ vm }) => vm?.name))).toEqual(new Set(['l2f']));
    expect(events.at(-1)).toMatchObject({ state: 'resolved', cause: { code: 'no-in-kernel-table' } });
    expect(events.at(-1)?.evidence.after).toMatchObject({ tceTables: 0 });
  });
});
