import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/model.js';
import { Comparator } from '../../src/verify/compare.js';
import type { Comparison } from '../../src/verify/compare.js';

/** Calls by thread 1 and 2. */
type Calls = readonly [number, number];

function cells([first, second]: Calls): Cell[] {
  return [first, second].flatMap((calls, i) =>
    calls > 0
      ? [{ counter: 'entered', tid: i + 1, hypercall: 'H_PUT_TCE', scope: 'one', liobn: 0x80000000n, calls } as const]
      : [],
  );
}

/** Calls that are made while the ring is read, until the histogram is, until the ring is again, and until next time. */
type Step = readonly [Calls, Calls, Calls];

/** Two counters of one history; the histogram begins with an offset, and misses calls of thread 1 at one step. */
function compare(steps: readonly Step[], offset: Calls, missed = { at: -1, calls: 0 }): Comparison {
  const comparing = new Comparator();
  let made: Calls = [0, 0];
  let missing = 0;
  const make = (calls: Calls) => {
    made = [made[0] + calls[0], made[1] + calls[1]];
    return cells(made);
  };
  steps.forEach(([first, second, third], i) => {
    if (i === missed.at) missing = missed.calls;
    const before = make(first);
    make(second);
    const hist = cells([made[0] + offset[0] - missing, made[1] + offset[1]]);
    comparing.add({ before, hist, after: make(third) });
  });
  const [entered] = comparing.result();
  if (!entered) throw new Error('there is no comparison');
  return entered;
}

const calls = fc.tuple(fc.nat(5), fc.nat(5));
const quiet = fc.constant<Calls>([0, 0]);
const step = fc.oneof(fc.tuple(calls, calls, calls), fc.tuple(calls, quiet, quiet));
const offset = fc.tuple(fc.nat(9), fc.nat(9));

describe('comparing', () => {
  it('finds no difference whatever is in flight when the two are read, and from when on they count', () => {
    fc.assert(
      fc.property(fc.array(step), offset, (steps, offset) => {
        const { differences, calls, compared } = compare(steps, offset);
        expect(differences).toEqual([]);
        expect(compared).toBeLessThanOrEqual(calls);
      }),
    );
  });

  it('finds calls that one of them missed between two exact samples', () => {
    const exact: Step = [
      [20, 20],
      [0, 0],
      [0, 0],
    ];
    fc.assert(
      fc.property(fc.array(step), fc.array(step), offset, fc.integer({ min: 1, max: 19 }), (a, b, offset, missing) => {
        const steps = [exact, ...a, exact, ...b, exact];
        const { differences } = compare(steps, offset, { at: a.length + 1, calls: missing });
        const cell = 'entered by thread 1: H_PUT_TCE on 0x80000000';
        expect(differences).toEqual([{ cell, calls: -missing }]);
      }),
    );
  });

  it('compares all calls between exact samples, and of a thread that came later all its calls', () => {
    const steps: Step[] = [
      [
        [5, 0],
        [0, 0],
        [0, 0],
      ],
      [
        [7, 9],
        [1, 1],
        [1, 1],
      ],
      [
        [2, 3],
        [0, 0],
        [0, 0],
      ],
      [
        [1, 1],
        [0, 0],
        [0, 4],
      ],
    ];
    const { calls, compared } = compare(steps, [0, 0]);
    expect(compared).toBe(7 + 1 + 1 + 2 + 1 + (9 + 1 + 1 + 3));
    expect(calls).toBe(compared + 1 + 4);
  });

  it('is not misled by one sample that was torn', () => {
    const exact: Step = [
      [3, 3],
      [0, 0],
      [0, 0],
    ];
    const comparing = new Comparator();
    for (const hist of [10, 11, 12]) {
      const ring = hist === 11 ? 12 : hist;
      comparing.add({ before: cells([ring, 0]), hist: cells([hist, 0]), after: cells([ring, 0]) });
    }
    expect(comparing.result()[0]?.differences).toEqual([]);
    expect(compare([exact, exact], [1, 1]).differences).toEqual([]);
  });

  it('adds up the punts of all LIOBNs, which the histogram cannot tell apart', () => {
    const of = { counter: 'punted', tid: 1, hypercall: 'H_STUFF_TCE' } as const;
    const ring = [
      { ...of, scope: 'one', liobn: 1n, calls: 2 } as const,
      { ...of, scope: 'all', liobn: 0n, calls: 3 } as const,
    ];
    const comparing = new Comparator();
    comparing.add({ before: [], hist: [], after: [] });
    comparing.add({ before: ring, hist: [{ ...of, scope: 'all', liobn: 0n, calls: 5 }], after: ring });
    expect(comparing.result()[1]).toEqual({ counter: 'punted', calls: 5, compared: 5, differences: [] });
  });
});
