/** Adds what a cell counted since the last reading to the series of a VM, within the caps. */
import { hasOneEntry } from '@tcewatch/protocol';
import type { Counter, Hypercall, Scope } from '@tcewatch/protocol';
import type { Cell } from '../model.js';
import type { CellCount, SeriesState, VmState } from './state.js';

/** A VM of which more is about to be counted; made from a copy, so that the state it came from stays as it is. */
export interface VmDraft {
  series: Map<string, SeriesState>;
  liobns: Set<bigint>;
  withdrawn: Set<Hypercall>;
}

/** What a cell counted since the last reading. */
export interface Delta {
  cell: Cell;
  calls: number;
  /** Undefined where the source cannot tell. */
  entries: number | 'implausible' | undefined;
}

/** TCEs of one H_PUT_TCE_INDIRECT: a page of 4096 bytes (book3s_64_vio.c refuses more than 512). */
const INDIRECT_ENTRIES = 512;
/** Calls of one thread that a row's sum may hold and its hitcount not yet: the kernel prints the sum later. */
const CALLS_WHILE_PRINTING = 1024;

export function draftOf({ series, liobns, withdrawn }: VmState): VmDraft {
  return { series: new Map(series), liobns: new Set(liobns), withdrawn: new Set(withdrawn) };
}

/** What the cell counted between two readings of one epoch. */
export function deltaOf(cell: Cell, now: CellCount, before: CellCount | undefined): Delta {
  return { cell, calls: now.calls - (before?.calls ?? 0), entries: entriesDelta(cell, now, before) };
}

/** Returns the number of calls that the cap on LIOBNs folded into scope `other`. */
export function credit(vm: VmDraft, { cell, calls, entries }: Delta, liobnsPerVm: number): number {
  const scope = scopeOf(vm, cell, liobnsPerVm);
  add(vm, cell.counter, cell.hypercall, scope, cell.liobn, calls);
  creditEntries(vm, cell, scope, entries);
  return scope === 'other' ? calls : 0;
}

function scopeOf(vm: VmDraft, { scope, liobn }: Cell, liobnsPerVm: number): Scope {
  if (scope === 'all' || vm.liobns.has(liobn)) return scope;
  if (vm.liobns.size >= liobnsPerVm) return 'other';
  vm.liobns.add(liobn);
  return 'one';
}

/**
 * GPR7, which entries are summed from, is the guest's to choose. Once it is seen to be implausible, the entries of that
 * hypercall are not told for this VM until the epoch ends: a wrong figure would stay in the store for good.
 */
function creditEntries(
  vm: VmDraft,
  { counter, hypercall, liobn }: Cell,
  scope: Scope,
  entries: Delta['entries'],
): void {
  if (counter === 'issued' || entries === undefined || vm.withdrawn.has(hypercall)) return;
  const told = counter === 'entered' ? 'entered_entries' : 'punted_entries';
  const plausible = entries !== 'implausible' && Number.isSafeInteger(add(vm, told, hypercall, scope, liobn, entries));
  if (plausible) return;
  vm.withdrawn.add(hypercall);
  for (const [key, series] of vm.series) {
    if (series.hypercall === hypercall && series.counter.endsWith('_entries')) vm.series.delete(key);
  }
}

function entriesDelta({ hypercall }: Cell, now: CellCount, before: CellCount | undefined): Delta['entries'] {
  const { calls, entries } = now;
  if (entries === undefined || hasOneEntry(hypercall)) return undefined;
  if (!Number.isSafeInteger(entries)) return 'implausible';
  const most = INDIRECT_ENTRIES * (calls + CALLS_WHILE_PRINTING);
  if (hypercall === 'H_PUT_TCE_INDIRECT' && entries > most) return 'implausible';
  const since = entries - (before?.entries ?? 0);
  // The kernel's sum wraps at 2^64.
  return since < 0 ? 'implausible' : since;
}

/** Returns the new value of the series. */
function add(
  vm: VmDraft,
  counter: Counter,
  hypercall: Hypercall,
  scope: Scope,
  liobnOfCell: bigint,
  amount: number,
): number {
  const liobn = scope === 'one' ? liobnOfCell : 0n;
  const key = `${counter} ${hypercall} ${scope} ${liobn}`;
  const value = (vm.series.get(key)?.value ?? 0) + amount;
  vm.series.set(key, { counter, hypercall, scope, liobn, value });
  return value;
}
