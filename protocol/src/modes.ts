/**
 * From counters of one instant to the modes that people are shown. This is the one place where that is decided:
 * userspace = punted, virtual = entered - punted, real = issued - entered.
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

/**
 * The three modes of one hypercall. `issued` counts only where evidence for real mode is `derived`. Entries of a mode
 * are known where all calls went one way, where each call has one entry, or where the source split them.
 */
export function deriveModes(
  hypercall: Hypercall,
  counters: Readonly<CounterValues>,
  evidence: readonly ModeEvidence[],
): ModeFigure[] {
  const entered = counters.entered ?? 0;
  // A call in flight is counted as entered and not yet as punted, never the reverse; differences over an interval can
  // still come out with a punt more than was entered in it.
  const punted = Math.min(counters.punted ?? 0, entered);
  const split = splitEntries(hypercall, entered, punted, counters);
  return MODES.map((mode) => {
    const known = evidenceFor(evidence, mode, hypercall);
    if (known.evidence === 'unobservable') return { mode, calls: null, entries: null, ...known };
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

/** TCE entries that all calls that entered asked for; known also where they cannot be split by mode. */
export function enteredEntries(hypercall: Hypercall, counters: Readonly<CounterValues>): number | null {
  const entered = counters.entered ?? 0;
  return hasOneEntry(hypercall) || entered === 0 ? entered : (counters.entered_entries ?? null);
}

function splitEntries(
  hypercall: Hypercall,
  entered: number,
  punted: number,
  counters: Readonly<CounterValues>,
): { virtual: number | null; userspace: number | null } {
  if (hasOneEntry(hypercall)) return { virtual: entered - punted, userspace: punted };
  const all = enteredEntries(hypercall, counters);
  if (punted === 0) return { virtual: all, userspace: 0 };
  if (punted === entered) return { virtual: 0, userspace: all };
  const inUserspace = counters.punted_entries;
  if (all === null || inUserspace === undefined) return { virtual: null, userspace: inUserspace ?? null };
  return { virtual: Math.max(0, all - inUserspace), userspace: inUserspace };
}
