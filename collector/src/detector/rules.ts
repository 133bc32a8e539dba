/** When hypercalls of a VM count as a fallback: the thresholds, and the verdict on one interval. */
import { HYPERCALL_NAMES, evidenceFor } from '@tcewatch/protocol';
import type { ModeEvidence } from '@tcewatch/protocol';
import { ENTERED, ISSUED, PUNTED, cell } from './tally.js';
import type { Calls } from './tally.js';

/** Thresholds of the rule TceFallback; times in nanoseconds of the host's uptime. */
export interface Rules {
  /** Least share of a VM's calls that went to userspace. */
  minShare: number;
  /** Least punts a second. */
  minRate: number;
  /**
   * Least punts a second where real mode cannot be observed. There the calls that are seen are not all calls: of a
   * healthy VM in real mode nothing is seen but the few that go to userspace, which is a share of 100 %.
   */
  minRateBlind: number;
  /** How long both must hold before the alert fires. */
  forNs: bigint;
  /** How long they must not hold before it resolves. */
  keepFiringForNs: bigint;
}

export const DEFAULT_RULES: Readonly<Rules> = {
  minShare: 0.1,
  minRate: 1,
  minRateBlind: 100,
  forNs: 10_000_000_000n,
  keepFiringForNs: 60_000_000_000n,
};

/** What an interval says of a VM: calls fell back, calls were made and did not, or nothing was called. */
export interface Verdict {
  says: 'fallback' | 'healthy' | 'nothing';
  entered: number;
  punted: number;
}

/** The verdict on the calls between two readings, `seconds` apart. */
export function judge(
  before: Calls,
  after: Calls,
  seconds: number,
  evidence: readonly ModeEvidence[],
  rules: Readonly<Rules>,
): Verdict {
  // Calls of the hypercalls of which none can hide in real mode, and all calls that were seen.
  const known = { calls: 0, punted: 0 };
  const seen = { calls: 0, punted: 0 };
  HYPERCALL_NAMES.forEach((name, hypercall) => {
    const increase = (counter: number): number => {
      const at = cell(hypercall, counter);
      return Math.max(0, (after[at] ?? 0) - (before[at] ?? 0));
    };
    const punts = increase(PUNTED);
    // A call in flight at the earlier reading can be punted in this interval without having entered in it.
    const calls = Math.max(increase(ENTERED), punts);
    if (calls === 0) return;
    // An upper bound of punts also holds calls that are no TCE hypercalls.
    const punted = punts > 0 && evidenceFor(evidence, 'userspace', name).evidence === 'exact' ? punts : 0;
    seen.calls += calls;
    seen.punted += punted;
    const real = evidenceFor(evidence, 'real', name).evidence;
    const issued = increase(ISSUED);
    if (real !== 'absent' && real !== 'exact' && (real !== 'derived' || issued === 0)) return;
    known.calls += Math.max(calls, issued);
    known.punted += punted;
  });
  const exceeds = (of: typeof seen, rate: number): boolean =>
    of.punted > 0 && of.punted >= of.calls * rules.minShare && of.punted >= seconds * rate;
  const fallback = exceeds(known, rules.minRate) || exceeds(seen, rules.minRateBlind);
  const says = fallback ? 'fallback' : seen.calls > 0 ? 'healthy' : 'nothing';
  return { says, entered: seen.calls, punted: seen.punted };
}
