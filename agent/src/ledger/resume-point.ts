/** What of the ledger a source needs to go on with what its former life counted: the figures as that source gave them. */
import type { Cell, Told } from '../model.js';
import { labelsOf } from './cell-key.js';
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

function cellsOf(counts: ReadonlyMap<string, CellCount>): Cell[] {
  return [...counts].map(([key, { calls, entries }]) => {
    const cell = { ...labelsOf(key), calls };
    return entries === undefined ? cell : { ...cell, entries };
  });
}
