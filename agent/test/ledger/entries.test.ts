import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance } from '../../src/ledger/advance.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../src/ledger/state.js';
import type { Cell } from '../../src/model.js';
import { after, entered, reading, rows, values, vm } from './readings.js';

describe('entries', () => {
  const list = (calls: number, entries: number | undefined): Cell =>
    entered(7, calls, { hypercall: 'H_PUT_TCE_INDIRECT', ...(entries !== undefined && { entries }) });
  const told = (...cells: Cell[]) => after(cells.map((cell) => reading([cell], [vm('a', 7)])));

  it('are added up', () => {
    expect(values(told(list(1, 512), list(3, 600)))).toEqual(['a entered one 3', 'a entered_entries one 600']);
  });

  it('may run ahead of the calls, since the kernel prints them later, and are counted all the same', () => {
    expect(values(told(list(1, 1024), list(1, 1500)))).toEqual(['a entered one 1', 'a entered_entries one 1500']);
  });

  it.each([
    ['beyond what the calls allow', list(9, 12 + 512 * 1033), 12 + 512 * 1033],
    ['that wrap', list(9, 11), 11],
  ])('%s are not told, nor of the calls that may have been meant; those after are', (_, bad, sum) => {
    const history = [list(1, 12), bad, list(10, sum + 512)];
    expect(values(told(...history))).toEqual([
      'a entered one 10',
      'a entered_entries one 12',
      'a entered_unsized one 9',
    ]);
    expect(values(told(...history, list(13, sum + 522)))).toEqual([
      'a entered one 13',
      'a entered_entries one 22',
      'a entered_unsized one 9',
    ]);
  });

  it.each([
    ['is beyond 2^53', 2 ** 60],
    ['nobody knows', NaN],
  ])('of calls whose sum %s are not told, also not while it stays so', (_, unknown) => {
    const history = [list(1, 12), list(3, unknown), list(5, unknown), list(7, 100), list(8, 100), list(9, 150)];
    expect(values(told(...history))).toEqual([
      'a entered one 9',
      'a entered_entries one 62',
      'a entered_unsized one 7',
    ]);
  });

  it('of a call that is counted only after its sum are not taken for none', () => {
    const ahead = [list(1, 12), list(1, 2 ** 40), list(1, 2 ** 40), list(2, 2 ** 40)];
    expect(values(told(...ahead))).toEqual(['a entered one 2', 'a entered_entries one 12', 'a entered_unsized one 1']);
  });

  it('that would add up beyond 2^53 are not told', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const cells = [7, 8].map((tid) => entered(tid, 1, { entries: most }));
    expect(values(after([reading(cells, [vm('a', 7, 8)])]))).toEqual([
      'a entered one 2',
      `a entered_entries one ${most}`,
      'a entered_unsized one 1',
    ]);
  });

  it('of punts are told, or not, in their own right', () => {
    const punted = list(2, 2 ** 60);
    const cells = [list(3, 30), { ...punted, counter: 'punted' as const }];
    expect(values(after([reading(cells, [vm('a', 7)])]))).toEqual([
      'a entered one 3',
      'a entered_entries one 30',
      'a punted one 2',
      'a punted_unsized one 2',
    ]);
  });

  it('of other hypercalls and VMs are told still', () => {
    const snapshot = after([
      reading(
        [list(1, 2 ** 60), entered(7, 2, { entries: 8 }), entered(9, 2, { entries: 9 })],
        [vm('a', 7), vm('b', 9)],
      ),
    ]);
    expect(values(snapshot, 'entered_entries')).toEqual(['a entered_entries one 8', 'b entered_entries one 9']);
    expect(values(snapshot, 'entered_unsized')).toEqual(['a entered_unsized one 1']);
  });

  it('are those of all calls that are not of unknown size, whatever the guest passes', () => {
    // What four calls pass cannot wrap the kernel's sum to where it was: nobody could tell that.
    const pages = fc.oneof({ weight: 4, arbitrary: fc.bigInt(0n, 512n) }, fc.bigInt(2n ** 30n, 2n ** 62n - 1n));
    fc.assert(
      fc.property(fc.array(fc.array(pages, { minLength: 1, maxLength: 4 }), { maxLength: 12 }), (history) => {
        let state = emptyLedger();
        let [calls, sum, quiet] = [0, 0n, 2];
        let before = { entries: 0, unsized: 0 };
        for (const passed of history) {
          const safe = sum < 2n ** 53n;
          calls += passed.length;
          const asked = passed.reduce((a, b) => a + b, 0n);
          sum = (sum + asked) % 2n ** 64n;
          state = advance(state, reading([list(calls, Number(sum))], [vm('a', 7)]), DEFAULT_CAPS);
          const value = (counter: string) => rows(snapshot(state)).find((row) => row.counter === counter)?.value ?? 0;
          const now = { entries: value('entered_entries'), unsized: value('entered_unsized') };
          const isSized = now.unsized === before.unsized;
          expect(now.unsized - before.unsized).toBe(isSized ? 0 : passed.length);
          expect(BigInt(now.entries - before.entries)).toBe(isSized ? asked : 0n);
          const isPlausible = passed.every((pages) => pages <= 512n) && safe && sum < 2n ** 53n;
          quiet = isPlausible ? quiet + 1 : 0;
          if (!isPlausible) expect(isSized).toBe(false);
          if (quiet > 1) expect(isSized).toBe(true);
          before = now;
        }
      }),
    );
  });

  it('of H_PUT_TCE, which are junk, are never told', () => {
    expect(values(told(entered(7, 2, { hypercall: 'H_PUT_TCE', entries: 99 })))).toEqual(['a entered one 2']);
  });
});
