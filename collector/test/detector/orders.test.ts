import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES, createDetector } from '../../src/detector/index.js';
import { batchOf } from '../batches.js';
import type { TestVm } from '../batches.js';

const calls = fc.nat({ max: 5000 });
const vm = fc.record({
  name: fc.constantFrom('a', 'b', 'unlike'),
  counts: fc.record({
    H_PUT_TCE: fc.record({ entered: calls, punted: calls }),
    H_STUFF_TCE: fc.record({ entered: calls, punted: calls, issued: calls }),
  }),
  ended: fc.boolean(),
  descriptors: fc.record({ tceTables: fc.nat({ max: 3 }), vfioGroups: fc.subarray([1, 2, 3]) }),
}) satisfies fc.Arbitrary<TestVm>;
const batch = fc.record({
  uptime: fc.integer({ min: 1, max: 600 }),
  host: fc.constantFrom('h', 'i'),
  boot: fc.constantFrom('one', 'two'),
  epoch: fc.constantFrom('x', 'y'),
  vms: fc.array(vm, { maxLength: 4 }),
});

describe('any batches in any order, any number of times', () => {
  it('never throw, and never give one life of a host two alerts that fire', () => {
    let fired = 0;
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 60 }), (batches) => {
        const detector = createDetector(DEFAULT_RULES);
        const firing = new Map<string, { alertId: string; revision: number }>();
        for (const event of batches.flatMap((given) => detector.observe(batchOf(given)))) {
          const key = `${event.hostId} ${event.life}`;
          const known = firing.get(key);
          expect([undefined, event.alertId]).toContain(known?.alertId);
          expect(event.revision).toBe(known ? known.revision + 1 : 0);
          if (event.state === 'firing') firing.set(key, event);
          else firing.delete(key);
          if (event.revision === 0) fired++;
        }
        expect(detector.size().firing).toBe(firing.size);
      }),
    );
    expect(fired).toBeGreaterThan(0);
  });

  it('give the same events as the batches in order, when each comes again after later ones', () => {
    const history = fc.array(fc.tuple(fc.nat({ max: 100 }), fc.nat({ max: 100 })), { minLength: 3, maxLength: 40 });
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat({ max: 5 })), (steps, backs) => {
        const sum = { entered: 0, punted: 0 };
        const batches = steps.map(([virtual, punted], i) => {
          sum.entered += virtual + punted;
          sum.punted += punted;
          return batchOf({ uptime: 10 * (i + 1), vms: [{ name: 'a', counts: { H_PUT_TCE: { ...sum } } }] });
        });
        const again = batches.flatMap((now, i) => [now, batches[Math.max(0, i - backs.next().value)] ?? now]);
        const events = (given: typeof batches) => {
          const detector = createDetector(DEFAULT_RULES);
          return given.flatMap((one) => detector.observe(one));
        };
        expect(events(again)).toEqual(events(batches));
      }),
    );
  });
});
