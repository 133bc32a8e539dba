/** What of the ledger a source needs to go on with what its former life counted: the figures as that source gave them. */
import type { Cell, Told } from '../model.js';
import { asGiven } from './epoch.js';
import type { CellCount, LedgerState } from './state.js';

/** Of the epoch that the next reading is of, unless the source begins another. Undefined before the first reading. */
export function toldOf({ epoch, handover, cells, accounts }: LedgerState): Told | undefined {
  if (handover) {
    const { beganNs, before } = handover;
    return { epoch: handover.epoch, beganNs, cells: cellsOf(handover.cells), accounts: [...before.values()] };
  }
  if (!epoch) return undefined;
  return { epoch: epoch.given, beganNs: epoch.beganNs, cells: cellsOf(cells), accounts: asGiven(epoch, accounts) };
}

/** The name under which the ledger keeps a cell: its labels. */
export function cellKey({ counter, tid, hypercall, scope, liobn }: Omit<Cell, 'calls' | 'entries'>): string {
  return `${counter} ${tid} ${hypercall} ${scope} ${liobn}`;
}

function cellsOf(counts: ReadonlyMap<string, CellCount>): Cell[] {
  return [...counts].map(([key, { calls, entries }]) => {
    const [counter, tid, hypercall, scope, liobn] = key.split(' ') as [
      Cell['counter'],
      string,
      Cell['hypercall'],
      Cell['scope'],
      string,
    ];
    const cell = { counter, tid: Number(tid), hypercall, scope, liobn: BigInt(liobn), calls };
    return entries === undefined ? cell : { ...cell, entries };
  });
}
