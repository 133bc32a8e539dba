/** Epochs: which one a reading belongs to. */
import { deriveId } from '@tcewatch/protocol';
import type { Account } from '@tcewatch/protocol';
import type { Reading } from '../model.js';
import type { CellCount, EpochState, LedgerState } from './state.js';

/**
 * Returns the state's own epoch as long as the counters grow, else a new one: because the source says so, or because a
 * counter went back, which tells that the kernel state behind it was replaced without the source noticing.
 */
export function nextEpoch(state: LedgerState, reading: Reading, cells: ReadonlyMap<string, CellCount>): EpochState {
  const { epoch, handover } = state;
  if (epoch?.bootId !== reading.bootId || epoch.given !== reading.epoch) {
    const handed = handover?.epoch === reading.epoch ? handover : undefined;
    return {
      bootId: reading.bootId,
      given: reading.epoch,
      replaced: 0,
      id: reading.epoch,
      beganNs: handed?.beganNs ?? reading.epochBeganNs,
      before: handed?.before ?? new Map(),
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
    before: new Map(),
  };
}

function wentBack(state: LedgerState, reading: Reading, cells: ReadonlyMap<string, CellCount>): boolean {
  for (const [key, { calls }] of state.cells) {
    if ((cells.get(key)?.calls ?? 0) < calls) return true;
  }
  const before = state.epoch?.before;
  return state.accounts.some(({ counter, seen }) => {
    const now = reading.accounts.find((account) => account.counter === counter)?.seen;
    return now !== undefined && now - (before?.get(counter) ?? 0) < seen;
  });
}

/** Returns the accounts of the epoch alone, without what was seen before it. */
export function accountsOf({ before }: EpochState, accounts: readonly Account[]): Account[] {
  return accounts.map((account) => ({ ...account, seen: account.seen - (before.get(account.counter) ?? 0) }));
}

/**
 * Returns the resume point for the source: the epoch of the next reading, unless the source begins another; undefined
 * before the first reading.
 */
export function expectedEpoch({ epoch, handover }: LedgerState): string | undefined {
  return handover?.epoch ?? epoch?.given;
}
