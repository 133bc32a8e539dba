/**
 * The state of a VM: one word for what it does now, for the fleet at a glance. The rule is decided here; the
 * collector's store/select/vm-state.ts is the same rule in SQL, for dashboards, and a test holds the two equal.
 *
 * Inputs: whether the VM's host reports, whether an alert about the VM fires, and its calls of the last minutes by
 * mode. How many calls in userspace are too many, and how long a host may say nothing, is not decided here: the
 * collector's detector knows the thresholds that are configured, and its alerts are what comes of them.
 */
import type { ModeEvidence } from './batch.js';
import { deriveModes } from './modes.js';
import type { CounterValues, ModeFigure } from './modes.js';
import { HYPERCALL_NAMES, MODES } from './vocabulary.js';
import type { Evidence, Hypercall, Mode } from './vocabulary.js';

/** States from the worst on, each as people are shown it, with its meaning in one sentence. */
export const VM_STATE_WORDS = {
  fallback: {
    label: 'falling back',
    meaning: 'An alert about the VM fires, or the kernel handled none of the calls of the last minutes.',
  },
  silent: { label: 'silent', meaning: 'Its host does not report: nobody knows what the VM does now.' },
  unobservable: {
    label: 'unobservable',
    meaning: 'Some of its calls cannot be seen on this host, so nobody can say that it is accelerated.',
  },
  idle: { label: 'idle', meaning: 'It made no call in the last minutes.' },
  accelerated: { label: 'accelerated', meaning: 'The kernel handles its calls, and no alert about it fires.' },
} as const;

export type VmState = keyof typeof VM_STATE_WORDS;

/** The states as a list, the worst first. */
export const VM_STATES = Object.keys(VM_STATE_WORDS) as VmState[];

/** Calls of one mode, all hypercalls of a VM together. */
export interface ModeSum {
  mode: Mode;
  /** `null`: those of a hypercall cannot be observed. */
  calls: number | null;
  /** How the figure of the hypercall is known that is known least, and why not better. */
  evidence: Evidence;
  reason: string;
}

/** What the state of a VM is decided by. */
export interface VmInputs {
  /**
   * Neither does the alert TceTelemetrySilent fire for its host, nor is the host without a reading in the last minutes.
   */
  hostReports: boolean;
  /** An alert about this life of the VM fires: TceAccelerationLost or TceNeverAccelerated. */
  alertFires: boolean;
  /** Calls of the last minutes by mode. */
  modes: readonly Pick<ModeSum, 'mode' | 'calls'>[];
}

/**
 * The state of a VM. Silence goes before an alert: of a host that says nothing nobody knows whether the VM still falls
 * back.
 */
export function vmState({ hostReports, alertFires, modes }: VmInputs): VmState {
  if (!hostReports) return 'silent';
  if (alertFires) return 'fallback';
  if (modes.some(({ calls }) => calls === null)) return 'unobservable';
  const called = modes.filter(({ calls }) => calls !== 0);
  if (called.length === 0) return 'idle';
  // Too few for an alert, or no alerts are wanted of it; but accelerated it is not.
  return called.every(({ mode }) => mode === 'userspace') ? 'fallback' : 'accelerated';
}

/** Evidence from the least known on. */
const LEAST_KNOWN: readonly Evidence[] = ['unobservable', 'upper-bound', 'derived', 'exact', 'absent'];

/**
 * Sums the modes of a VM over its hypercalls, those that were not called too: that they cannot be observed is said as
 * well. H_GET_TCE counts only where it was called: Linux guests never call it, so what cannot be observed of it says
 * nothing.
 */
export function sumModes(
  counters: Readonly<Partial<Record<Hypercall, CounterValues>>>,
  evidence: readonly ModeEvidence[],
): ModeSum[] {
  const figures = HYPERCALL_NAMES.filter((name) => name !== 'H_GET_TCE' || wasCalled(counters[name])).flatMap((name) =>
    deriveModes(name, counters[name] ?? {}, evidence),
  );
  return MODES.map((mode) => {
    const own = figures.filter((figure) => figure.mode === mode);
    const [least] = own.toSorted((a, b) => LEAST_KNOWN.indexOf(a.evidence) - LEAST_KNOWN.indexOf(b.evidence));
    const calls = own.reduce<number | null>(addCalls, 0);
    return { mode, calls, evidence: least?.evidence ?? 'unobservable', reason: least?.reason ?? '' };
  });
}

function wasCalled(counters: CounterValues = {}): boolean {
  return Object.values(counters).some((value) => value > 0);
}

function addCalls(sum: number | null, { calls }: ModeFigure): number | null {
  return sum === null || calls === null ? null : sum + calls;
}
