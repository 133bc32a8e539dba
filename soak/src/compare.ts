/** What was generated against what ClickHouse has, series by series, to the call. Pure. */
import { HYPERCALL_NAMES, formatLiobn } from '@tcewatch/protocol';
import type { Cell } from '@tcewatch/agent';
import type { AccountAnswer, FiguresAnswer, ReplayTotals, Stored } from './answers.js';
import { REPLAYED_HOST } from './fleet.js';
import { cellsAt, vmsOf } from './load.js';
import type { LoadSpec } from './load.js';

/** Calls or entries by `host vm hypercall what`. A series that never counted may be missing. */
export type Totals = ReadonlyMap<string, number>;

export interface Difference {
  series: string;
  expected: number;
  stored: number;
}

export interface Comparison {
  /** Series that were compared. */
  series: number;
  /** Sum of all that was expected to be counted as entered. */
  calls: number;
  differences: Difference[];
}

class Sums extends Map<string, number> {
  add(host: string, vm: string, { hypercall, what, value }: { hypercall: string; what: string; value: number | null }) {
    const key = `${host} ${vm} ${hypercall} ${what}`;
    this.set(key, (this.get(key) ?? 0) + (value ?? NaN));
  }
}

/** Sums up all loads after their end. */
export function generatedTotals(loads: readonly LoadSpec[]): Totals {
  const sums = new Sums();
  for (const load of loads) {
    for (const vm of vmsOf(load)) addVm(sums, load.host, vm.sighting.name, cellsAt(vm, load.endsMs));
    for (const [counter, cells] of Object.entries(byCounter(load))) {
      const seen = cells.reduce((sum, { calls }) => sum + calls, 0);
      addAccount(sums, { host: load.host, counter, seen, stored: seen, lost: 0 });
    }
  }
  return sums;
}

/** Sums up a recording that was counted without any of the way to ClickHouse. */
export function replayedTotals({ seen, lost, punted, totals }: ReplayTotals): Totals {
  const sums = new Sums();
  for (const { vm, hypercall, mode, calls } of totals)
    sums.add(REPLAYED_HOST, vm, { hypercall, what: mode, value: calls });
  addAccount(sums, { host: REPLAYED_HOST, counter: 'entered', seen, lost, stored: seen - lost });
  const stored = punted.seen - punted.lost;
  addAccount(sums, { host: REPLAYED_HOST, counter: 'punted', seen: punted.seen, lost: punted.lost, stored });
  return sums;
}

export function storedTotals({ counts, liobns, accounts }: Stored): Totals {
  const sums = new Sums();
  for (const { host, life, vm, hypercalls } of counts) {
    for (const figures of hypercalls) {
      for (const { mode, calls } of figures.modes) {
        sums.add(host, vm, { hypercall: figures.hypercall, what: mode, value: calls });
      }
    }
    // A recording's totals do not tell them.
    if (host === REPLAYED_HOST) continue;
    for (const figures of hypercalls) sums.add(host, vm, { ...figures, what: 'entries', value: figures.entries });
    for (const row of liobns.get(life) ?? []) {
      if (row.scope !== 'one') continue;
      const at = row.liobn ?? '';
      sums.add(host, vm, { ...row, what: `entered ${at}`, value: enteredOf(row) });
      sums.add(host, vm, { ...row, what: `entries ${at}`, value: row.entries });
    }
  }
  for (const account of accounts) addAccount(sums, account);
  return sums;
}

/** A series that is zero may be missing, on either side. */
export function compare(expected: Totals, stored: Totals): Comparison {
  const keys = [...new Set([...expected.keys(), ...stored.keys()])];
  const rows = keys.map((series) => ({ series, expected: expected.get(series) ?? 0, stored: stored.get(series) ?? 0 }));
  const calls = [...expected].reduce((sum, [key, value]) => sum + (key.endsWith(' entered seen') ? value : 0), 0);
  return {
    series: rows.filter((row) => row.expected !== 0).length,
    calls,
    differences: rows.filter((row) => row.expected !== row.stored),
  };
}

function addVm(sums: Sums, host: string, vm: string, cells: readonly Cell[]): void {
  for (const hypercall of HYPERCALL_NAMES) {
    const own = cells.filter((cell) => cell.hypercall === hypercall);
    const entered = own.filter(({ counter }) => counter === 'entered');
    const userspace = total(own.filter(({ counter }) => counter === 'punted'));
    const put = (what: string, value: number): void => {
      sums.add(host, vm, { hypercall, what, value });
    };
    put('virtual', total(entered) - userspace);
    put('userspace', userspace);
    for (const cell of entered) {
      const entries = cell.entries ?? cell.calls;
      put('entries', entries);
      put(`entered ${formatLiobn(cell.liobn)}`, cell.calls);
      put(`entries ${formatLiobn(cell.liobn)}`, entries);
    }
  }
}

function addAccount(
  sums: Sums,
  { host, counter, seen, stored, lost }: Omit<AccountAnswer, 'counter'> & { counter: string },
) {
  sums.add(host, '(all)', { hypercall: counter, what: 'seen', value: seen });
  sums.add(host, '(all)', { hypercall: counter, what: 'stored', value: stored });
  sums.add(host, '(all)', { hypercall: counter, what: 'lost', value: lost });
}

function byCounter(load: LoadSpec): Record<'entered' | 'punted', Cell[]> {
  const cells = vmsOf(load).flatMap((vm) => cellsAt(vm, load.endsMs));
  return {
    entered: cells.filter(({ counter }) => counter === 'entered'),
    punted: cells.filter(({ counter }) => counter === 'punted'),
  };
}

/** No source of a generated host tells the LIOBN of a punt, so all calls of a LIOBN count as its upper bound. */
function enteredOf({ modes }: FiguresAnswer): number | null {
  return modes.find(({ mode }) => mode === 'virtual')?.calls ?? null;
}

function total(cells: readonly Cell[]): number {
  return cells.reduce((sum, { calls }) => sum + calls, 0);
}
