/** The key of a cell in the ledger, which is kept across the agent's lives. */
import type { Cell } from '../model.js';

/** A cell without its counts. */
export type CellLabels = Omit<Cell, 'calls' | 'entries'>;

export function cellKey({ counter, tid, hypercall, scope, liobn }: CellLabels): string {
  return `${counter} ${tid} ${hypercall} ${scope} ${liobn}`;
}

/** The labels that `cellKey` made the key of. */
export function labelsOf(key: string): CellLabels {
  const [counter, tid, hypercall, scope, liobn = '0'] = key.split(' ');
  return { counter, tid: Number(tid), hypercall, scope, liobn: BigInt(liobn) } as CellLabels;
}
