/** Punted calls whose LIOBN is counted by itself, and read later than the calls. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitPunts } from '../../src/ledger/split-punts.js';
import { cellKey } from '../../src/ledger/state.js';
import type { CellCount } from '../../src/ledger/state.js';
import type { Cell } from '../../src/model.js';

const cell = (tid: number, liobn: bigint | undefined, calls: number): Cell => ({
  counter: 'punted',
  tid,
  hypercall: 'H_PUT_TCE',
  scope: liobn === undefined ? 'all' : 'one',
  liobn: liobn ?? 0n,
  calls,
});

/** Readings one after another, and what each reports by LIOBN or `all`. */
class Readings {
  reported = new Map<string, CellCount>();

  /** Reads, and returns what is reported by thread and LIOBN. */
  read(cells: readonly Cell[], punts: readonly Cell[]): Record<string, number> {
    const now = splitPunts(this.reported, cells, punts);
    this.reported = new Map(now.map((one) => [cellKey(one), { calls: one.calls, entries: one.entries }]));
    return Object.fromEntries(now.map(({ tid, scope, liobn, calls }) => [`${tid} ${scope} ${liobn}`, calls]));
  }
}

describe('calls whose LIOBN is read later', () => {
  it('are reported without it only if it is not known by then', () => {
    const readings = new Readings();
    expect(readings.read([cell(1, undefined, 10)], [cell(1, 5n, 8)])).toEqual({ '1 one 5': 8, '1 all 0': 2 });
  });

  it('are not reported before they are counted', () => {
    const readings = new Readings();
    expect(readings.read([cell(1, undefined, 10)], [cell(1, 5n, 7), cell(1, 6n, 9)])).toEqual({
      '1 one 5': 7,
      '1 one 6': 3,
    });
    expect(readings.read([cell(1, undefined, 16)], [cell(1, 5n, 7), cell(1, 6n, 9)])).toEqual({
      '1 one 5': 7,
      '1 one 6': 9,
    });
  });

  it('stay as they were reported where their LIOBNs are not counted any more', () => {
    const readings = new Readings();
    readings.read([cell(1, undefined, 10)], [cell(1, 5n, 8)]);
    expect(readings.read([cell(1, undefined, 15)], [])).toEqual({ '1 one 5': 8, '1 all 0': 7 });
  });

  it('are left as they are where fewer are counted than were reported', () => {
    const readings = new Readings();
    readings.read([cell(1, undefined, 10)], [cell(1, 5n, 8)]);
    expect(readings.read([cell(1, undefined, 9)], [cell(1, 5n, 8)])).toEqual({ '1 all 0': 9 });
  });

  it('may be printed in two rows each', () => {
    const readings = new Readings();
    const twice = [cell(1, 5n, 2), cell(1, 5n, 3)];
    expect(readings.read([cell(1, undefined, 4), cell(1, undefined, 2)], twice)).toEqual({
      '1 one 5': 5,
      '1 all 0': 1,
    });
  });

  it('leave other counters alone', () => {
    const entered: Cell = { ...cell(1, 5n, 3), counter: 'entered', entries: 4 };
    expect(splitPunts(new Map(), [entered], [cell(1, 5n, 1)])).toEqual([entered]);
  });
});

it('comes to all calls, never goes back, and reports no LIOBN with more calls than it had', () => {
  const call = fc.record({ tid: fc.integer({ min: 1, max: 2 }), liobn: fc.bigInt(1n, 3n), isPaired: fc.boolean() });
  const calls = fc.array(call, { maxLength: 8 });
  // Calls before a reading, between its two parts, and whether it has the second one.
  const step = fc.record({ before: calls, between: calls, isDetailed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const readings = new Readings();
      const all: { tid: number; liobn: bigint; isPaired: boolean }[] = [];
      let last: Record<string, number> = {};
      for (const { before, between, isDetailed } of steps) {
        all.push(...before);
        const punted = [1, 2].map((tid) => cell(tid, undefined, all.filter((one) => one.tid === tid).length));
        all.push(...between);
        const known = (tid: number, liobn: bigint) =>
          all.filter((one) => one.tid === tid && one.liobn === liobn && one.isPaired).length;
        const punts = [1, 2].flatMap((tid) => [1n, 2n, 3n].map((liobn) => cell(tid, liobn, known(tid, liobn))));
        const reported = readings.read(punted, isDetailed ? punts : []);
        for (const { tid, calls } of punted) {
          const ofThread = Object.entries(reported).filter(([label]) => label.startsWith(`${tid} `));
          expect(ofThread.reduce((sum, [, value]) => sum + value, 0)).toBe(calls);
        }
        for (const [label, value] of Object.entries(last)) expect(reported[label]).toBeGreaterThanOrEqual(value);
        for (const { tid, liobn, calls } of punts)
          expect(reported[`${tid} one ${liobn}`] ?? 0).toBeLessThanOrEqual(calls);
        last = reported;
      }
    }),
    { numRuns: 500 },
  );
});

it('tells the LIOBN of every call in the end, where each was paired', () => {
  const calls = fc.array(fc.bigInt(1n, 3n), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(fc.tuple(calls, calls), { maxLength: 8 }), (steps) => {
      const readings = new Readings();
      const all: bigint[] = [];
      const punts = () => [1n, 2n, 3n].map((liobn) => cell(1, liobn, all.filter((one) => one === liobn).length));
      for (const [before, between] of steps) {
        all.push(...before);
        const punted = cell(1, undefined, all.length);
        all.push(...between);
        readings.read([punted], punts());
      }
      const reported = readings.read([cell(1, undefined, all.length)], punts());
      const truth = punts().filter(({ calls }) => calls > 0);
      expect(reported).toEqual(Object.fromEntries(truth.map(({ liobn, calls }) => [`1 one ${liobn}`, calls])));
    }),
  );
});
