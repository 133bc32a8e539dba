/**
 * Which LIOBN the punted calls of a thread had, where the source counts that by itself and later than the calls. Pure.
 *
 * Of one thread and hypercall, let P be the punted calls of a reading, and S those with a known LIOBN, read after P. A call
 * that is in P and, later, not in S was not paired, and will not be: those are at least P - S, and their number only grows.
 * What S has and P has not yet is left for the next reading. So the calls since the last reading are told with their
 * LIOBNs as far as S has any that were not told, and the rest without. Then
 *
 * - what is told comes to P, to the call, whatever S says;
 * - no figure goes back;
 * - no LIOBN is told more calls than S has of it.
 */
import type { Cell } from '../model.js';
import { labelsOf } from './state.js';
import type { CellCount } from './state.js';

/** What is told of the punted calls of one thread and hypercall. */
interface Told {
  without: number;
  /** With the LIOBN, and how many of it are known. */
  byLiobn: Map<bigint, { told: number; known: number }>;
}

/**
 * The cells of a reading with `punts` told apart by LIOBN, after what was `told` of this epoch by key. `cells` has them in
 * scope `all`. Where it has fewer than were told, the counter went back, and they are left as they are.
 */
export function apportion(
  told: ReadonlyMap<string, CellCount>,
  cells: readonly Cell[],
  punts: readonly Cell[],
): Cell[] {
  const threads = toldByThread(told);
  for (const punt of punts) {
    const liobn = liobnOf(threadOf(threads, punt), punt.liobn);
    liobn.known += punt.calls;
  }
  const others = cells.filter(({ counter }) => counter !== 'punted');
  return [...others, ...puntedCells(cells).flatMap((cell) => tell(cell, threadOf(threads, cell)))];
}

/** `punted`: all calls of the thread and hypercall. */
function tell(punted: Cell, { without, byLiobn }: Told): Cell[] {
  let rest = punted.calls - without;
  for (const { told } of byLiobn.values()) rest -= told;
  if (rest < 0) return [punted];
  const apart = [...byLiobn].map(([liobn, { told, known }]): Cell => {
    const since = Math.min(rest, Math.max(0, known - told));
    rest -= since;
    return { ...punted, scope: 'one', liobn, calls: told + since };
  });
  return [...apart, { ...punted, calls: without + rest }].filter(({ calls }) => calls > 0);
}

/** One for each thread and hypercall: the kernel may print a key twice. */
function puntedCells(cells: readonly Cell[]): Cell[] {
  const sums = new Map<string, Cell>();
  for (const cell of cells) {
    if (cell.counter !== 'punted') continue;
    const key = threadKey(cell);
    sums.set(key, { ...cell, calls: cell.calls + (sums.get(key)?.calls ?? 0) });
  }
  return [...sums.values()];
}

function toldByThread(told: ReadonlyMap<string, CellCount>): Map<string, Told> {
  const threads = new Map<string, Told>();
  for (const [key, { calls }] of told) {
    const labels = labelsOf(key);
    if (labels.counter !== 'punted') continue;
    const thread = threadOf(threads, labels);
    if (labels.scope === 'one') liobnOf(thread, labels.liobn).told = calls;
    else thread.without = calls;
  }
  return threads;
}

function threadOf(threads: Map<string, Told>, of: Pick<Cell, 'tid' | 'hypercall'>): Told {
  const known = threads.get(threadKey(of)) ?? { without: 0, byLiobn: new Map() };
  threads.set(threadKey(of), known);
  return known;
}

function liobnOf({ byLiobn }: Told, liobn: bigint): { told: number; known: number } {
  const known = byLiobn.get(liobn) ?? { told: 0, known: 0 };
  byLiobn.set(liobn, known);
  return known;
}

function threadKey({ tid, hypercall }: Pick<Cell, 'tid' | 'hypercall'>): string {
  return `${tid} ${hypercall}`;
}
