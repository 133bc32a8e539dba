/** What the demo found out: from the answers of the read API to one object. Pure. */
import { HYPERCALL_NAMES, MODES } from '@tcewatch/protocol';
import type { Hypercall, Mode, ModeFigure, Total } from '@tcewatch/protocol';
import type { AccountAnswer, AlertAnswer, CountsAnswer } from './api.js';

/** Entries of a hypercall whatever its mode: known also where the split by mode is not. */
export interface Entries {
  vm: string;
  hypercall: Hypercall;
  entries: number | null;
}

export interface DemoResult {
  /** Calls that the kernel saw enter: its own count, never a sum of what was stored. */
  seen: number;
  /** Calls that the series in ClickHouse hold. */
  stored: number;
  /** Calls that the kernel declared lost. */
  lost: number;
  /** The same three counts of calls handed to userspace. */
  punted: { seen: number; stored: number; lost: number };
  /** Whether seen = stored + lost, of entered and of punted calls. */
  balanced: boolean;
  totals: Total[];
  entries: Entries[];
  alerts: {
    subject: string;
    alert: string;
    severity: string;
    cause: string;
    firedAt: string;
    resolvedAt: string | null;
  }[];
}

/** Hypercalls that a VM never called are left out. */
export function toResult(
  accounts: readonly AccountAnswer[],
  counts: readonly CountsAnswer[],
  alerts: readonly AlertAnswer[],
): DemoResult {
  const entered = sumAccounts(accounts, 'entered');
  const punted = sumAccounts(accounts, 'punted');
  const called = namesOf(counts).flatMap((vm) =>
    HYPERCALL_NAMES.flatMap((hypercall) => {
      const lives = counts
        .filter((life) => life.vm === vm)
        .flatMap((life) => life.hypercalls.filter((h) => h.hypercall === hypercall));
      return lives.length > 0 ? [{ vm, hypercall, lives }] : [];
    }),
  );
  return {
    ...entered,
    punted,
    balanced: [entered, punted].every(({ seen, stored, lost }) => seen === stored + lost),
    totals: called.flatMap(({ vm, hypercall, lives }) =>
      MODES.map((mode) => ({
        vm,
        hypercall,
        ...sumModes(
          mode,
          lives.flatMap((life) => life.modes),
        ),
      })),
    ),
    entries: called.map(({ vm, hypercall, lives }) => ({
      vm,
      hypercall,
      entries: lives.map((life) => life.entries).reduce(add, 0),
    })),
    alerts: alerts.map(({ host, vm, alert, severity, cause, firedAt, resolvedAt }) => ({
      subject: (vm ?? host).name,
      alert,
      severity,
      cause: cause.code,
      firedAt,
      resolvedAt,
    })),
  };
}

function namesOf(counts: readonly CountsAnswer[]): string[] {
  return [...new Set(counts.map((life) => life.vm))].sort();
}

function sumAccounts(accounts: readonly AccountAnswer[], counter: AccountAnswer['counter']) {
  const sum = { seen: 0, stored: 0, lost: 0 };
  for (const account of accounts) {
    if (account.counter !== counter) continue;
    sum.seen += account.seen;
    sum.stored += account.stored;
    sum.lost += account.lost;
  }
  return sum;
}

function sumModes(mode: Mode, figures: readonly ModeFigure[]): ModeFigure {
  const own = figures.filter((figure) => figure.mode === mode);
  // Lives of one VM on one host share kernel and MMU; where they differ, the least known one speaks for the sum.
  const known = own.find((figure) => figure.calls === null) ?? own[0];
  return {
    mode,
    calls: own.map((figure) => figure.calls).reduce(add, 0),
    entries: own.map((figure) => figure.entries).reduce(add, 0),
    evidence: known?.evidence ?? 'unobservable',
    reason: known?.reason ?? '',
  };
}

function add(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
