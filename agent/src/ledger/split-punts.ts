/**
 * Splits the punted calls of a thread by LIOBN, where the source counts that separately and later than the calls. Pure.
 *
 * For one thread and hypercall, let P be the punted calls of a reading, and S those with a known LIOBN, read after P. A call
 * that is in P and, later, not in S was not paired, and will not be: those are at least P - S, and their number only grows.
 * What S has and P has not yet is left for the next reading. So the calls since the last reading are reported with their
 * LIOBNs as far as S has any that were not reported, and the rest without. Then
 *
 * - the reported calls add up to P, to the call, whatever S says;
 * - no figure goes back;
 * - no LIOBN has more reported calls than S has of it.
 */
import type { Cell } from '../model.js';
import { labelsOf } from './state.js';
import type { CellCount } from './state.js';

/** Reported punted calls of one thread and hypercall. */
interface Reported {
  without: number;
  /** Calls by LIOBN: those reported so far, and those that are known by now. */
  byLiobn: Map<bigint, { reported: number; known: number }>;
}

/**
 * Splits the cells of a reading by the LIOBNs in `punts`, after what was `reported` of this epoch by key. `cells` has
 * them in scope `all`. Where it has fewer than were reported, the counter went back, and they are left as they are.
 */
export function splitPunts(
  reported: ReadonlyMap<string, CellCount>,
  cells: readonly Cell[],
  punts: readonly Cell[],
): Cell[] {
  const threads = reportedByThread(reported);
  for (const punt of punts) {
    const liobn = liobnOf(threadOf(threads, punt), punt.liobn);
    liobn.known += punt.calls;
  }
  const others = cells.filter(({ counter }) => counter !== 'punted');
  return [...others, ...puntedCells(cells).flatMap((cell) => split(cell, threadOf(threads, cell)))];
}

/** Splits one cell; `punted` has all calls of the thread and hypercall. */
function split(punted: Cell, { without, byLiobn }: Reported): Cell[] {
  let rest = punted.calls - without;
  for (const { reported } of byLiobn.values()) rest -= reported;
  if (rest < 0) return [punted];
  const apart = [...byLiobn].map(([liobn, { reported, known }]): Cell => {
    const since = Math.min(rest, Math.max(0, known - reported));
    rest -= since;
    return { ...punted, scope: 'one', liobn, calls: reported + since };
  });
  return [...apart, { ...punted, calls: without + rest }].filter(({ calls }) => calls > 0);
}

/** Returns one cell for each thread and hypercall: the kernel may print a key twice. */
function puntedCells(cells: readonly Cell[]): Cell[] {
  const sums = new Map<string, Cell>();
  for (const cell of cells) {
    if (cell.counter !== 'punted') continue;
    const key = threadKey(cell);
    sums.set(key, { ...cell, calls: cell.calls + (sums.get(key)?.calls ?? 0) });
  }
  return [...sums.values()];
}

function reportedByThread(reported: ReadonlyMap<string, CellCount>): Map<string, Reported> {
  const threads = new Map<string, Reported>();
  for (const [key, { calls }] of reported) {
    const labels = labelsOf(key);
    if (labels.counter !== 'punted') continue;
    const thread = threadOf(threads, labels);
    if (labels.scope === 'one') liobnOf(thread, labels.liobn).reported = calls;
    else thread.without = calls;
  }
  return threads;
}

function threadOf(threads: Map<string, Reported>, of: Pick<Cell, 'tid' | 'hypercall'>): Reported {
  const known = threads.get(threadKey(of)) ?? { without: 0, byLiobn: new Map() };
  threads.set(threadKey(of), known);
  return known;
}

function liobnOf({ byLiobn }: Reported, liobn: bigint): { reported: number; known: number } {
  const known = byLiobn.get(liobn) ?? { reported: 0, known: 0 };
  byLiobn.set(liobn, known);
  return known;
}

function threadKey({ tid, hypercall }: Pick<Cell, 'tid' | 'hypercall'>): string {
  return `${tid} ${hypercall}`;
}
