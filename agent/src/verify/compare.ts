/**
 * Compares what two counters of the same events have counted, although they can never be read at one instant. Pure.
 *
 * The second counter (the ring) is read shortly before and shortly after the first (the histogram). So the difference of
 * the two is known up to the calls that were made in between, and exactly wherever none was. Since they began to count at
 * different moments, there is a difference, which never changes afterwards: it must lie within what every reading allows. A
 * call that one of them missed moves what the later readings allow away from what the earlier ones did.
 */
import { formatLiobn } from '@tcewatch/protocol';
import type { Cell } from '../model.js';

/** Cells of the histogram, and those of the ring before and after they were read. */
export interface Sample {
  before: readonly Cell[];
  hist: readonly Cell[];
  after: readonly Cell[];
}

export interface Comparison {
  counter: 'entered' | 'punted';
  /** Calls by the ring since the first sample. */
  calls: number;
  /** Calls that were made between two samples that are exact: these are compared to the call. */
  compared: number;
  /** Cells in which the two cannot both be right. */
  differences: Difference[];
}

export interface Difference {
  /** Thread, hypercall and LIOBN, in words. */
  cell: string;
  /** Calls that the histogram counted more than the ring between two samples; negative when it counted fewer. */
  calls: number;
}

interface CellState {
  counter: Comparison['counter'];
  /** Bounds of the histogram's count less the ring's. */
  least: number;
  most: number;
  first: number;
  newest: number;
  /** Counts of the ring at the first and the newest exact sample. */
  exact: { first: number; newest: number } | undefined;
  difference: number;
}

export class Comparator {
  private readonly cells = new Map<string, CellState>();
  private samples = 0;

  add(sample: Sample): void {
    const [before, hist, after] = [callsOf(sample.before), callsOf(sample.hist), callsOf(sample.after)];
    for (const key of new Set([...this.cells.keys(), ...hist.keys(), ...after.keys()])) {
      const [least, most] = [before.get(key) ?? 0, after.get(key) ?? 0];
      const state = this.cells.get(key) ?? this.newCell(key, least);
      this.cells.set(key, state);
      narrow(state, hist.get(key) ?? 0, least, most);
    }
    this.samples++;
  }

  result(): Comparison[] {
    return (['entered', 'punted'] as const).map((counter) => {
      const own = [...this.cells].filter(([, state]) => state.counter === counter);
      return {
        counter,
        calls: own.reduce((sum, [, { first, newest }]) => sum + newest - first, 0),
        compared: own.reduce((sum, [, { exact }]) => sum + (exact ? exact.newest - exact.first : 0), 0),
        differences: own
          .filter(([, { difference }]) => difference !== 0)
          .map(([cell, { difference }]) => ({ cell, calls: difference })),
      };
    });
  }

  /** Begins a cell that neither had in earlier samples: it was 0 in both of them, which is exact. */
  private newCell(key: string, now: number): CellState {
    const counter = key.startsWith('entered') ? 'entered' : 'punted';
    const state = { counter, newest: 0, difference: 0 } as const;
    return this.samples > 0
      ? { ...state, least: 0, most: 0, first: 0, exact: { first: 0, newest: 0 } }
      : { ...state, least: -Infinity, most: Infinity, first: now, exact: undefined };
  }
}

function narrow(state: CellState, hist: number, ringBefore: number, ringAfter: number): void {
  state.newest = ringAfter;
  const [least, most] = [hist - ringAfter, hist - ringBefore];
  if (least > state.most) state.difference = least - state.most;
  else if (most < state.least) state.difference = most - state.least;
  else {
    // A sample that was torn by more than its margin is put right by the next; a call that was missed never is.
    state.difference = 0;
    state.least = Math.max(state.least, least);
    state.most = Math.min(state.most, most);
  }
  if (least !== most) return;
  state.exact ??= { first: ringAfter, newest: ringAfter };
  state.exact.newest = ringAfter;
}

/** Sums calls by key. The histogram of punts has no LIOBN, and the ring may have lost it. */
function callsOf(cells: readonly Cell[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { counter, tid, hypercall, liobn, calls } of cells) {
    const key = `${counter} by thread ${tid}: ${hypercall}${counter === 'entered' ? ` on ${formatLiobn(liobn)}` : ''}`;
    sums.set(key, (sums.get(key) ?? 0) + calls);
  }
  return sums;
}
