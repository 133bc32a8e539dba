/** What a source is told of its former life: its own figures, also after the state was written and read again. */
import { describe, expect, it } from 'vitest';
import { advance } from '../../src/ledger/advance.js';
import { fromKept, ledgerSchema, toKept } from '../../src/ledger/checkpoint.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../src/ledger/state.js';
import type { LedgerState } from '../../src/ledger/state.js';
import { toldOf } from '../../src/ledger/resume-point.js';
import type { Cell, Reading } from '../../src/model.js';
import { cell, reading } from '../run/fakes.js';

const [FIRST, SECOND] = ['00000000-0000-8000-8000-00000000000a', '00000000-0000-8000-8000-00000000000b'];
const LARGE = 0x8000000000000001n;

const account = (seen: number, overwritten: number) => ({
  counter: 'entered' as const,
  seen,
  losses: overwritten > 0 ? [{ kind: 'overwritten' as const, events: overwritten }] : [],
});

const cells: Cell[] = [
  cell(7, 'entered', 5, { liobn: LARGE }),
  cell(7, 'punted', 2, { hypercall: 'H_STUFF_TCE', scope: 'all', liobn: 0n, entries: NaN }),
  cell(8, 'entered', 3, { hypercall: 'H_PUT_TCE_INDIRECT', entries: 40 }),
];

const after = (...readings: Partial<Reading>[]) =>
  readings.reduce<LedgerState>((state, parts) => advance(state, reading(parts), DEFAULT_CAPS), emptyLedger());

describe.each<[string, (state: LedgerState) => LedgerState]>([
  ['as it is', (state) => state],
  ['kept and read again', (state) => fromKept(ledgerSchema.parse(JSON.parse(JSON.stringify(toKept(state)))))],
])('toldOf a ledger, %s', (_, kept) => {
  it('is the last reading as the source gave it', () => {
    const state = kept(after({ epoch: FIRST, epochBeganNs: 77n, cells, accounts: [account(12, 2)] }));
    expect(toldOf(state)).toEqual({ epoch: FIRST, beganNs: 77n, cells, accounts: [account(12, 2)] });
  });

  it('is what a new epoch begins with where the last reading handed over', () => {
    const handover = { epoch: SECOND, cells: cells.slice(0, 1), seen: [account(12, 2)] };
    const state = kept(after({ epoch: FIRST, cells, accounts: [account(12, 2)], handover }));
    const { uptimeNs } = reading({}).clock;
    expect(toldOf(state)).toEqual({
      epoch: SECOND,
      beganNs: uptimeNs,
      cells: cells.slice(0, 1),
      accounts: [account(12, 2)],
    });
  });

  it('has what was before the epoch, of which the epoch itself tells nothing', () => {
    const handover = { epoch: SECOND, cells: cells.slice(0, 1), seen: [account(12, 2)] };
    const grown = [{ ...cells[0]!, calls: 9 }];
    const state = kept(
      after(
        { epoch: FIRST, cells, accounts: [account(12, 2)], handover },
        { epoch: SECOND, epochBeganNs: 5n, cells: grown, accounts: [account(20, 6)] },
      ),
    );
    expect(snapshot(state).accounts).toEqual([account(8, 4)]);
    expect(toldOf(state)).toMatchObject({ epoch: SECOND, cells: grown, accounts: [account(20, 6)] });
    const next = advance(state, reading({ epoch: SECOND, cells: grown, accounts: [account(20, 6)] }), DEFAULT_CAPS);
    expect(snapshot(next)).toMatchObject({ epoch: SECOND, accounts: [account(8, 4)] });
  });

  it('says that nothing new was lost where all losses are of the epoch before', () => {
    const handover = { epoch: SECOND, cells: [], seen: [account(12, 2)] };
    const state = kept(
      after(
        { epoch: FIRST, cells, accounts: [account(12, 2)], handover },
        { epoch: SECOND, cells: [], accounts: [account(12, 2)] },
      ),
    );
    expect(snapshot(state).accounts).toEqual([account(0, 0)]);
  });
});

it('is nothing before the first reading', () => {
  expect(toldOf(emptyLedger())).toBeUndefined();
});
