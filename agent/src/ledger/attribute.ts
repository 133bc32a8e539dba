/** Adds what a cell counted since the last reading to the series of a VM, within the caps. */
import { hasOneEntry } from '@tcewatch/protocol';
import type { Scope } from '@tcewatch/protocol';
import type { Cell } from '../model.js';
import type { CellCount, LatencyState, SeriesState, VmState } from './state.js';

/** A VM to which calls are about to be added: a copy, so that the state it came from stays as it is. */
export interface VmDraft {
  series: Map<string, SeriesState>;
  liobns: Set<bigint>;
  latencies: Map<string, LatencyState>;
}

/** Counts of a cell since the last reading. */
export interface Delta {
  cell: Cell;
  calls: number;
  /** Entries asked for; undefined where the source cannot tell, or there is one for each call. */
  entries: number | 'implausible' | undefined;
  /** Whether the calls that are counted next are of unknown size too: the kernel prints a sum later than its calls. */
  doubtful: boolean;
}

/** Labels that tell one series of a VM from another. */
type Labels = Omit<SeriesState, 'value'>;

/** Most TCEs of one H_PUT_TCE_INDIRECT: a page of 4096 bytes (book3s_64_vio.c refuses more than 512). */
const INDIRECT_ENTRIES = 512;
/** Most calls of one thread that a row's sum may hold and its hitcount not yet: the kernel prints the sum later. */
const CALLS_WHILE_PRINTING = 1024;

export function draftOf({ series, liobns, latencies }: VmState): VmDraft {
  return { series: new Map(series), liobns: new Set(liobns), latencies: new Map(latencies) };
}

/** Returns what a cell counted between two readings of one epoch. */
export function deltaOf(cell: Cell, now: CellCount, before: CellCount | undefined): Delta {
  const calls = now.calls - (before?.calls ?? 0);
  const entries = entriesDelta(cell, calls, now.entries, before);
  if (entries === 'implausible') return { cell, calls, entries, doubtful: true };
  if (!before?.doubtful || entries === undefined) return { cell, calls, entries, doubtful: false };
  return { cell, calls, entries: 'implausible', doubtful: calls === 0 };
}

/** Adds a delta to the series of a VM. Returns the number of calls that the cap on LIOBNs folded into scope `other`. */
export function attribute(vm: VmDraft, { cell, calls, entries }: Delta, liobnsPerVm: number): number {
  const { counter } = cell;
  const scope = scopeOf(vm, cell, liobnsPerVm);
  const labels = { hypercall: cell.hypercall, scope, liobn: scope === 'one' ? cell.liobn : 0n };
  add(vm, { ...labels, counter }, calls);
  if (counter !== 'issued' && entries !== undefined) creditEntries(vm, { ...labels, counter }, calls, entries);
  return scope === 'other' ? calls : 0;
}

function scopeOf(vm: VmDraft, { scope, liobn }: Cell, liobnsPerVm: number): Scope {
  if (scope !== 'one' || vm.liobns.has(liobn)) return scope;
  if (vm.liobns.size >= liobnsPerVm) return 'other';
  vm.liobns.add(liobn);
  return 'one';
}

/**
 * Adds entries where they are plausible: GPR7, which they are summed from, is the guest's to choose. Calls whose
 * entries are not are counted as unsized, so that nobody takes the sum for that of all calls.
 */
function creditEntries(
  vm: VmDraft,
  labels: Labels & { counter: 'entered' | 'punted' },
  calls: number,
  entries: number | 'implausible',
): void {
  const { counter } = labels;
  const asked: Labels = { ...labels, counter: `${counter}_entries` };
  if (entries !== 'implausible' && Number.isSafeInteger(valueOf(vm, asked) + entries)) add(vm, asked, entries);
  else if (calls > 0) add(vm, { ...labels, counter: `${counter}_unsized` }, calls);
}

/** Returns the entries that the calls since the last reading asked for, where that can be told. */
function entriesDelta(
  { hypercall }: Cell,
  calls: number,
  now: number | undefined,
  before: CellCount | undefined,
): Delta['entries'] {
  if (now === undefined || hasOneEntry(hypercall)) return undefined;
  const then = before?.entries ?? 0;
  if (!Number.isSafeInteger(now) || !Number.isSafeInteger(then)) return 'implausible';
  const since = now - then;
  const most = hypercall === 'H_PUT_TCE_INDIRECT' ? INDIRECT_ENTRIES * (calls + CALLS_WHILE_PRINTING) : Infinity;
  // The kernel's sum wraps at 2^64; if it does so between two readings to a plausible sum, nobody can tell.
  return since < 0 || since > most ? 'implausible' : since;
}

/** Returns a key that is different for each series of a VM. */
export function seriesKey({ counter, hypercall, scope, liobn }: Labels): string {
  return `${counter} ${hypercall} ${scope} ${liobn}`;
}

function valueOf(vm: VmDraft, labels: Labels): number {
  return vm.series.get(seriesKey(labels))?.value ?? 0;
}

function add(vm: VmDraft, labels: Labels, amount: number): void {
  vm.series.set(seriesKey(labels), { ...labels, value: valueOf(vm, labels) + amount });
}
