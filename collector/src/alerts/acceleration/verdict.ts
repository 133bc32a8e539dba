/** The verdict on the calls of a VM between two readings. Pure. */
import { HYPERCALL_NAMES, evidenceFor } from '@tcewatch/protocol';
import type { Hypercall, ModeEvidence } from '@tcewatch/protocol';
import type { CallCounts } from '../event.js';
import type { Rules } from '../rules.js';
import { ENTERED, ISSUED, PUNTED, callsOn, cell, valueAt } from './call-counts.js';
import type { Calls, VmCalls } from './call-counts.js';

/** What an interval says of a VM: calls fell back, calls were made and did not, or nothing was called. */
export interface Verdict {
  says: 'fallback' | 'healthy' | 'nothing';
  /** Whether nearly all calls of the VM, or of one LIOBN, fell back. */
  critical: boolean;
  /** LIOBNs that fell back, where punts are known by LIOBN. */
  liobns: bigint[];
}

/** What is known of a VM over an interval, besides its calls. */
export interface Circumstances {
  seconds: number;
  evidence: readonly ModeEvidence[];
  /** Whether the kernel served a TCE table of it; where it served none, nothing can have been completed in real mode. */
  hadTable: boolean;
  /** Whether its alert fires: then less is enough to keep it. */
  firing: boolean;
}

/** Calls by hypercall. */
export type CallsByName = Partial<Record<Hypercall, CallCounts>>;

/** Calls of an interval: all that were seen, and of those hypercalls of which none can hide in real mode. */
interface Shares {
  known: { calls: number; punted: number };
  seen: { calls: number; punted: number };
}

/** Whether KVM punted any call between two readings. Where it did not, no call fell back, on no LIOBN. */
export function hasPunted(before: Calls, after: Calls): boolean {
  for (let hypercall = 0; hypercall < HYPERCALL_NAMES.length; hypercall++) {
    if (increase(before, after, cell(hypercall, PUNTED)) > 0) return true;
  }
  return false;
}

export function verdictOn(before: VmCalls, after: VmCalls, given: Circumstances, rules: Readonly<Rules>): Verdict {
  const vm = sharesOf(before, after, given);
  const verdict: Verdict = {
    says: vm.seen.calls > 0 ? 'healthy' : 'nothing',
    critical: isCritical(vm, given, rules),
    liobns: [],
  };
  if (isFallback(vm, given, rules)) verdict.says = 'fallback';
  for (const [liobn, calls] of after.liobns) {
    const known = callsOn(before, liobn);
    if (!known) continue;
    const shares = sharesOf(known, calls, given);
    if (!isFallback(shares, given, rules)) continue;
    verdict.says = 'fallback';
    verdict.liobns.push(liobn);
    verdict.critical ||= isCritical(shares, given, rules);
  }
  return verdict;
}

/** What was called between two readings; the punts that are exactly known. */
export function callsBetween(before: Calls, after: Calls, evidence: readonly ModeEvidence[]): CallsByName {
  const calls: CallsByName = {};
  HYPERCALL_NAMES.forEach((name, hypercall) => {
    const made = callsOf(before, after, hypercall);
    if (made.entered > 0) calls[name] = exactOnly(made, name, evidence);
  });
  return calls;
}

/** Calls that may be under way at the beginning or the end of an interval, and not yet be known for punts. */
const UNDER_WAY = { calls: 16, share: 0.01 };

/** Whether, of all that an epoch has counted, KVM has handled calls itself. */
export function hasHandled(calls: Calls, evidence: readonly ModeEvidence[]): boolean {
  let entered = 0;
  let handled = 0;
  HYPERCALL_NAMES.forEach((name, hypercall) => {
    if (evidenceFor(evidence, 'userspace', name).evidence !== 'exact') return;
    const own = valueAt(calls, cell(hypercall, ENTERED));
    entered += own;
    handled += Math.max(own, valueAt(calls, cell(hypercall, ISSUED))) - valueAt(calls, cell(hypercall, PUNTED));
  });
  return handled > UNDER_WAY.calls + UNDER_WAY.share * entered;
}

/** Whether KVM may have completed calls of a hypercall in real mode, where nobody sees them. */
export function canHide(name: Hypercall, evidence: readonly ModeEvidence[], issued: number): boolean {
  const real = evidenceFor(evidence, 'real', name).evidence;
  return real !== 'absent' && real !== 'exact' && (real !== 'derived' || issued === 0);
}

function sharesOf(before: Calls, after: Calls, { evidence, hadTable }: Circumstances): Shares {
  const shares: Shares = { known: { calls: 0, punted: 0 }, seen: { calls: 0, punted: 0 } };
  for (let hypercall = 0; hypercall < HYPERCALL_NAMES.length; hypercall++) {
    const made = callsOf(before, after, hypercall);
    const name = HYPERCALL_NAMES[hypercall];
    if (made.entered === 0 || name === undefined) continue;
    const { entered, punted } = exactOnly(made, name, evidence);
    shares.seen.calls += entered;
    shares.seen.punted += punted;
    const issued = increase(before, after, cell(hypercall, ISSUED));
    if (hadTable && canHide(name, evidence, issued)) continue;
    shares.known.calls += Math.max(entered, issued);
    shares.known.punted += punted;
  }
  return shares;
}

function isFallback({ known, seen }: Shares, { seconds, firing }: Circumstances, rules: Readonly<Rules>): boolean {
  const share = firing ? rules.clearShare : rules.minShare;
  return exceeds(known, share, seconds * rules.minRate) || exceeds(seen, share, seconds * rules.minRateBlind);
}

/** Whether nearly all calls fell back. With hidden real-mode calls the share is unknown, so it is never critical. */
function isCritical({ known }: Shares, { seconds }: Circumstances, rules: Readonly<Rules>): boolean {
  return exceeds(known, rules.criticalShare, seconds * rules.minRate);
}

function exceeds({ calls, punted }: Shares['seen'], share: number, least: number): boolean {
  return punted > 0 && punted >= calls * share && punted >= least;
}

function callsOf(before: Calls, after: Calls, hypercall: number): CallCounts {
  const punted = increase(before, after, cell(hypercall, PUNTED));
  // A call in flight at the earlier reading can be punted in this interval without having entered in it.
  return { entered: Math.max(increase(before, after, cell(hypercall, ENTERED)), punted), punted };
}

/** An upper bound of punts also holds calls that are no TCE hypercalls. */
function exactOnly({ entered, punted }: CallCounts, name: Hypercall, evidence: readonly ModeEvidence[]): CallCounts {
  const isExact = punted > 0 && evidenceFor(evidence, 'userspace', name).evidence === 'exact';
  return { entered, punted: isExact ? punted : 0 };
}

function increase(before: Calls, after: Calls, place: number): number {
  return Math.max(0, valueAt(after, place) - valueAt(before, place));
}
