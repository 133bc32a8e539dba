import type { Reading } from '../model.js';
import type { LedgerCaps, LedgerState } from './state.js';
/** The ledger before the first reading. */
export function emptyLedger(): LedgerState {
  throw new Error('not built yet');
}
/** The ledger after a reading; `state` stays as it is. */
export function advance(_state: LedgerState, _reading: Reading, _caps: Readonly<LedgerCaps>): LedgerState {
  throw new Error('not built yet');
}
