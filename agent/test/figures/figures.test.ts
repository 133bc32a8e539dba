import { UNATTRIBUTED_LIFE, UNATTRIBUTED_NAME, seriesFromRows } from '@tcewatch/protocol';
import type { Batch, ModeEvidence, SeriesRow, Vm } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import { vmFigures } from '../../src/figures/figures.js';
import { figuresByName, isBalanced, computeTotals } from '../../src/figures/totals.js';
import { RADIX, reading, vm } from '../run/fakes.js';

const HPT: ModeEvidence[] = [
  { mode: 'real', evidence: 'unobservable', reason: 'real-mode-handlers' },
  ...RADIX.slice(1),
];

const life = (tgid: number, name: string, evidence = RADIX): Vm => {
  const { life: id, uuid, startedNs } = vm(tgid, name);
  return { life: id, name, uuid, tgid, startedNs, ended: false, evidence };
};
const unattributed: Vm = { ...life(0, UNATTRIBUTED_NAME), life: UNATTRIBUTED_LIFE, uuid: '' };

const row = (
  index: number,
  counter: SeriesRow['counter'],
  value: number,
  more: Partial<SeriesRow> = {},
): SeriesRow => ({
  vm: index,
  counter,
  hypercall: 'H_PUT_TCE',
  scope: 'one',
  liobn: 0x80000000n,
  value,
  ...more,
});

function batch(vms: Vm[], rows: SeriesRow[], accounts: Batch['accounts'] = []): Batch {
  const { clock, host, bootId, epoch, epochBeganNs, problems } = reading({});
  const head = {
    version: 1,
    run: epoch,
    sequence: 1,
    intervalNs: 1n,
    clock,
    host,
    bootId,
    epoch,
    epochBeganNs,
    problems,
  };
  return { ...head, vms, series: seriesFromRows(rows), accounts };
}

const put = (batches: Batch[], name: string) =>
  vmFigures(batches)
    .find((one) => one.vm === name)
    ?.hypercalls.find((one) => one.hypercall === 'H_PUT_TCE');

describe('vmFigures', () => {
  it('sums over LIOBNs, over what a cap folded, and over the lives of a VM', () => {
    const rows = [
      row(0, 'entered', 10),
      row(0, 'entered', 5, { liobn: 0x71000002n }),
      row(0, 'entered', 1, { scope: 'other', liobn: 0n }),
      row(0, 'punted', 4, { scope: 'all', liobn: 0n }),
      row(1, 'entered', 100),
    ];
    const figures = put([batch([life(7, 'v'), life(8, 'v')], rows)], 'v');
    expect(figures?.modes.map(({ mode, calls }) => [mode, calls])).toEqual([
      ['real', 0],
      ['virtual', 112],
      ['userspace', 4],
    ]);
    expect(figures?.entries).toBe(116);
  });

  it('keeps VMs of one name and different uuids apart, unless by name', () => {
    const two = [
      batch([life(7, 'v'), { ...life(8, 'v'), uuid: 'other' }], [row(0, 'entered', 1), row(1, 'entered', 2)]),
    ];
    expect(vmFigures(two)).toHaveLength(2);
    expect(figuresByName(two)).toHaveLength(1);
  });

  it('gives no figure for what nobody can observe, nor for a sum that holds it', () => {
    const figures = put([batch([life(7, 'v'), life(8, 'v', HPT)], [row(0, 'entered', 1), row(1, 'entered', 2)])], 'v');
    expect(figures?.modes[0]).toEqual({
      mode: 'real',
      calls: null,
      entries: null,
      evidence: 'unobservable',
      reason: 'real-mode-handlers',
    });
    expect(figures?.modes[1]).toMatchObject({ calls: 3, evidence: 'exact' });
  });

  it('does not tell the entries of some calls for those of all', () => {
    const stuff = { hypercall: 'H_STUFF_TCE' } as const;
    const entries = (rows: SeriesRow[]) =>
      vmFigures([batch([life(7, 'v')], rows)])[0]?.hypercalls.find((h) => h.hypercall === 'H_STUFF_TCE')?.entries;
    expect(entries([row(0, 'entered', 2, stuff), row(0, 'entered_entries', 900, stuff)])).toBe(900);
    expect(entries([row(0, 'entered', 2, stuff)])).toBeNull();
    const rows = [row(0, 'entered', 2, stuff), row(0, 'entered_entries', 900, stuff)];
    expect(entries([...rows, row(0, 'entered_unsized', 1, stuff)])).toBeNull();
    expect(entries([])).toBe(0);
  });

  it('shows unattributed calls only if there are some', () => {
    expect(vmFigures([batch([unattributed], [])])).toEqual([]);
    expect(put([batch([unattributed], [row(0, 'entered', 3)])], UNATTRIBUTED_NAME)?.modes[1]?.calls).toBe(3);
  });
});

describe('totalsOf', () => {
  const losses = [{ kind: 'table-full' as const, events: 3 }];
  const accounts: Batch['accounts'] = [
    { counter: 'entered', seen: 13, losses },
    { counter: 'punted', seen: 4, losses: [] },
  ];
  const rows = [row(0, 'entered', 10), row(0, 'punted', 4, { scope: 'all' })];

  it('adds up epochs', () => {
    const one = batch([life(7, 'v')], rows, accounts);
    const totals = computeTotals([one, { ...one, epoch: one.bootId }]);
    expect(totals).toMatchObject({ seen: 26, counted: 20, lost: 6, punted: { seen: 8, counted: 8, lost: 0 } });
    expect(totals.totals).toContainEqual({
      vm: 'v',
      hypercall: 'H_PUT_TCE',
      mode: 'virtual',
      calls: 12,
      entries: 12,
      evidence: 'exact',
      reason: '',
    });
  });

  it('sees when a count went missing', () => {
    const cut = computeTotals([batch([life(7, 'v')], [row(0, 'entered', 9)], accounts)]);
    expect([isBalanced(cut), isBalanced(cut.punted)]).toEqual([false, false]);
  });
});
