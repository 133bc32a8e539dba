import { batchOf } from '@tcewatch/testing/batches';
import fc from 'fast-check';
import type { Batch } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import { createDetector } from '../../src/alerts/index.js';

/** What two VMs add between two readings ten seconds apart, and what else happens then. */
const step = fc.record({
  added: fc.array(fc.record({ virtual: fc.nat({ max: 300 }), punted: fc.nat({ max: 300 }) }), {
    minLength: 2,
    maxLength: 2,
  }),
  event: fc.option(fc.constantFrom('a is gone', 'a ends', 'epoch', 'boot', 'unplug'), { freq: 8 }),
});
const history = fc.array(step, { minLength: 5, maxLength: 40 });

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

function batchesOf(steps: History): Batch[] {
  const sums = [
    { entered: 0, punted: 0 },
    { entered: 0, punted: 0 },
  ];
  let [boot, epoch, tceTables] = [0, 0, 3];
  return steps.map(({ added, event }, i) => {
    if (event === 'boot') boot++;
    if (event === 'epoch') epoch++;
    if (event === 'unplug') tceTables = Math.max(0, tceTables - 1);
    if (event === 'boot' || event === 'epoch') sums.forEach((sum) => (sum.entered = sum.punted = 0));
    sums.forEach((sum, vm) => {
      const { virtual = 0, punted = 0 } = added[vm] ?? {};
      sum.entered += virtual + punted;
      sum.punted += punted;
    });
    const vms = ['a', 'b'].map((name, vm) => ({
      name,
      counts: { H_PUT_TCE: { ...sums[vm] } },
      ended: name === 'a' && event === 'a ends',
      descriptors: { tceTables, vfioGroups: [] },
    }));
    return batchOf({
      uptime: 10 * (i + 1),
      boot: `boot ${boot}`,
      epoch: `epoch ${epoch}`,
      vms: event === 'a is gone' ? vms.slice(1) : vms,
    });
  });
}

function eventsOf(batches: readonly Batch[]) {
  const detector = createDetector();
  const events = batches.flatMap((batch) => detector.observe(batch));
  return { events, firing: detector.size().firing };
}

describe('batches in any order, any number of times', () => {
  it('never throw, and never give one life two alerts that fire', () => {
    let fired = 0;
    const order = fc.array(fc.tuple(fc.nat({ max: 39 }), fc.nat({ max: 5 })), { maxLength: 120 });
    fc.assert(
      fc.property(history, order, (steps, places) => {
        const batches = batchesOf(steps);
        const shuffled = places
          .map(([index, late]) => [index % batches.length, late] as const)
          .sort(([i, late], [j, later]) => i + late - (j + later))
          .flatMap(([index]) => batches[index] ?? []);
        const { events, firing } = eventsOf(shuffled);
        const known = new Map<string, { alertId: string; revision: number }>();
        for (const event of events) {
          const before = known.get(event.vm?.life ?? '');
          expect([undefined, event.alertId]).toContain(before?.alertId);
          expect(event.revision).toBe(before ? before.revision + 1 : 0);
          if (event.state === 'firing') known.set(event.vm?.life ?? '', event);
          else known.delete(event.vm?.life ?? '');
          if (event.revision === 0) fired++;
        }
        expect(firing).toBe(known.size);
      }),
    );
    expect(fired).toBeGreaterThan(0);
  });

  it('give the events of the batches in order, when each comes again after later ones of its boot', () => {
    let told = 0;
    fc.assert(
      fc.property(history, fc.array(fc.nat({ max: 5 }), { minLength: 40, maxLength: 40 }), (steps, backs) => {
        const batches = batchesOf(steps);
        const again = batches.flatMap((now, i) => [now, batches[Math.max(0, i - (backs[i] ?? 0))] ?? now]);
        const expected = eventsOf(batches);
        expect(eventsOf(again)).toEqual(expected);
        told += expected.events.length;
      }),
    );
    expect(told).toBeGreaterThan(0);
  });
});
