/**
 * Derives the modes that people are shown from counters of one instant. This is the rule, which the collector's SQL
 * (collector/src/store/select/modes.ts) follows and is held to by a property test. userspace = punted, virtual =
 * entered - punted, real = issued - entered.
 */
import type { ModeEvidence } from './batch.js';
import { MODES, hasOneEntry } from './vocabulary.js';
import type { Counter, Evidence, Hypercall, Mode } from './vocabulary.js';

/** Counters of one VM and hypercall, over all LIOBNs and of one instant (or differences between two instants). */
export type CounterValues = Partial<Record<Counter, number>>;

/** One figure that people are shown. `null`: nobody can observe it. */
export interface ModeFigure {
  mode: Mode;
  calls: number | null;
  entries: number | null;
  evidence: Evidence;
  reason: string;
}

/** The figure of one mode of a VM's hypercall, all lives of the VM together. */
export interface Total extends ModeFigure {
  vm: string;
  hypercall: Hypercall;
}

/**
 * The three modes of one hypercall. `issued` counts only where evidence for real mode is `derived`. Entries of a mode
 * are known where all calls went one way, where each call has one entry, or where the source split them; and only where
 * none of the calls is of unknown size, since a sum without some of its calls is not the mode's.
 */
export function deriveModes(
  hypercall: Hypercall,
  counters: Readonly<CounterValues>,
  evidence: readonly ModeEvidence[],
): ModeFigure[] {
  const punted = counters.punted ?? 0;
  // A call in flight is counted as entered and not yet as punted, never the reverse. Still there can be more punts: over
  // an interval, and where the kernel had no room to count all that entered. Then as many entered, and none is virtual.
  const entered = Math.max(counters.entered ?? 0, punted);
  const split = splitEntries(hypercall, entered, punted, counters);
  return MODES.map((mode) => {
    const known = evidenceFor(evidence, mode, hypercall);
    if (known.evidence === 'unobservable') return { mode, calls: null, entries: null, ...known };
    // A bound is of calls alone, whatever entered.
    if (mode === 'userspace' && known.evidence === 'upper-bound')
      return { mode, calls: punted, entries: null, ...known };
    if (mode === 'userspace') return { mode, calls: punted, entries: split.userspace, ...known };
    if (mode === 'virtual') return { mode, calls: entered - punted, entries: split.virtual, ...known };
    if (known.evidence === 'absent') return { mode, calls: 0, entries: 0, ...known };
    const calls = counters.issued === undefined ? null : Math.max(0, counters.issued - entered);
    return { mode, calls, entries: calls !== null && hasOneEntry(hypercall) ? calls : null, ...known };
  });
}

/** What is said of a mode and hypercall; a mode of which nothing is said is unobservable. */
export function evidenceFor(
  evidence: readonly ModeEvidence[],
  mode: Mode,
  hypercall: Hypercall,
): { evidence: Evidence; reason: string } {
  const known =
    evidence.find((e) => e.mode === mode && e.hypercall === hypercall) ??
    evidence.find((e) => e.mode === mode && e.hypercall === undefined);
  return known
    ? { evidence: known.evidence, reason: known.reason }
    : { evidence: 'unobservable', reason: 'no-evidence-given' };
}

/**
 * TCE entries that all calls that entered asked for; known also where they cannot be split by mode. `null`: the source
 * does not tell them, or not those of every call.
 */
export function enteredEntries(hypercall: Hypercall, counters: Readonly<CounterValues>): number | null {
  const entered = counters.entered ?? 0;
  if (hasOneEntry(hypercall) || entered === 0) return entered;
  return isWhole(counters.entered_unsized) ? (counters.entered_entries ?? null) : null;
}

function isWhole(unsized: number | undefined): boolean {
  return (unsized ?? 0) === 0;
}

function splitEntries(
  hypercall: Hypercall,
  entered: number,
  punted: number,
  counters: Readonly<CounterValues>,
): { virtual: number | null; userspace: number | null } {
  if (hasOneEntry(hypercall)) return { virtual: entered - punted, userspace: punted };
  const all = (counters.entered ?? 0) < entered ? null : enteredEntries(hypercall, counters);
  if (punted === 0) return { virtual: all, userspace: 0 };
  if (punted === entered) return { virtual: 0, userspace: all };
  const inUserspace = isWhole(counters.punted_unsized) ? (counters.punted_entries ?? null) : null;
  if (all === null || inUserspace === null) return { virtual: null, userspace: inUserspace };
  return { virtual: Math.max(0, all - inUserspace), userspace: inUserspace };
}
