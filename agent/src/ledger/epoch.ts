/** Which epoch a reading belongs to. */
import { deriveId } from '@tcewatch/protocol';
import type { Reading } from '../model.js';
import type { CellCount, EpochState, LedgerState } from './state.js';

/**
 * The state's own epoch as long as the counters grow, else a new one: because the source says so, or because a counter
 * went back, which tells that the kernel state behind it was replaced without the source noticing.
 */
export function nextEpoch(state: LedgerState, reading: Reading, cells: ReadonlyMap<string, CellCount>): EpochState {
  const { epoch } = state;
  if (epoch?.bootId !== reading.bootId || epoch.given !== reading.epoch) {
    return {
      bootId: reading.bootId,
      given: reading.epoch,
      replaced: 0,
      id: reading.epoch,
      beganNs: reading.epochBeganNs,
    };
  }
  if (!wentBack(state, reading, cells)) return epoch;
  const replaced = epoch.replaced + 1;
  return {
    ...epoch,
    replaced,
    id: deriveId(epoch.given, 'restart', replaced),
    // At some time after the last reading; no earlier time is known to be too early.
    beganNs: state.uptimeNs,
  };
}

function wentBack(state: LedgerState, reading: Reading, cells: ReadonlyMap<string, CellCount>): boolean {
  for (const [key, { calls }] of state.cells) {
    if ((cells.get(key)?.calls ?? 0) < calls) return true;
  }
  return state.accounts.some(
    ({ counter, seen }) => (reading.accounts.find((account) => account.counter === counter)?.seen ?? seen) < seen,
  );
}
