/**
 * The epoch that a source is expected to resume: that of the last reading, also after the state was written and read.
 */
import { describe, expect, it } from 'vitest';
import { advance } from '../../src/ledger/advance.js';
import { decodeCheckpoint, checkpointSchema, encodeCheckpoint } from '../../src/ledger/checkpoint.js';
import { expectedEpoch } from '../../src/ledger/epoch.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../src/ledger/state.js';
import type { LedgerState } from '../../src/ledger/state.js';
import type { Reading } from '../../src/model.js';
import { cell, reading } from '../run/fakes.js';

const [FIRST, SECOND] = ['00000000-0000-8000-8000-00000000000a', '00000000-0000-8000-8000-00000000000b'];
const cells = [cell(7, 'entered', 5), cell(8, 'entered', 3)];
const account = (seen: number) => ({ counter: 'entered' as const, seen, losses: [] });

const after = (...readings: Partial<Reading>[]) =>
  readings.reduce<LedgerState>((state, parts) => advance(state, reading(parts), DEFAULT_CAPS), emptyLedger());

describe.each<[string, (state: LedgerState) => LedgerState]>([
  ['as it is', (state) => state],
  [
    'kept and read again',
    (state) => decodeCheckpoint(checkpointSchema.parse(JSON.parse(JSON.stringify(encodeCheckpoint(state))))),
  ],
])('a ledger, %s', (_, kept) => {
  it('expects the epoch of the last reading', () => {
    expect(expectedEpoch(kept(after({ epoch: FIRST, cells })))).toBe(FIRST);
  });

  it('expects the new epoch where the last reading handed over, and counts it without what was seen before', () => {
    const handover = { epoch: SECOND, cells: cells.slice(0, 1), seen: [{ counter: 'entered' as const, seen: 5 }] };
    const state = kept(after({ epoch: FIRST, cells, accounts: [account(8)], handover }));
    expect(expectedEpoch(state)).toBe(SECOND);
    const next = advance(state, reading({ epoch: SECOND, cells, accounts: [account(11)] }), DEFAULT_CAPS);
    expect(snapshot(next).accounts).toEqual([account(6)]);
  });
});

it('expects nothing before the first reading', () => {
  expect(expectedEpoch(emptyLedger())).toBeUndefined();
});
