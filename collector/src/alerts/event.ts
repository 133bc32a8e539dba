/** An alert as it goes through the collector: who it is about, why it fires, and by what that is known. */
import type { Descriptors, Hypercall } from '@tcewatch/protocol';
import type { AlertName, Severity } from './table.js';

/** Confidence in a cause: nothing else makes this evidence; nothing else that is common does; others do as well. */
export const CONFIDENCES = ['certain', 'likely', 'possible'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** Cause of an alert, in words for the operator. */
export interface Cause {
  /** Code in kebab-case; unique over all alerts, and the anchor of its section in the alert's runbook. */
  code: string;
  confidence: Confidence;
  /** One sentence: what happened. */
  summary: string;
  /** One sentence: what to do about it. */
  advice: string;
}

/** Descriptors of the VM as the agent saw them, and when on the host's wall clock. */
export interface SeenDescriptors extends Descriptors {
  observedAtNs: bigint;
}

/** Calls that entered the kernel and those of them that it punted. */
export interface CallCounts {
  entered: number;
  punted: number;
}

/** The calls of a VM from when they began to fall back until the alert fired, or its cause became sharper. */
export interface CallEvidence extends CallCounts {
  seconds: number;
  /** Calls by hypercall, of those that were called at all. */
  hypercalls: Readonly<Partial<Record<Hypercall, CallCounts>>>;
  /**
   * LIOBNs that fell back, in hexadecimal without 0x, by punts, at most 16; empty where the source does not tell the LIOBN
   * of a punt.
   */
  liobns: readonly (CallCounts & { liobn: string })[];
}

/** Evidence that an alert is known by. Stored with it and shown. */
export interface AlertEvidence {
  /** Sentences for the operator, each one fact with its figures, the most telling first. */
  facts: readonly string[];
  /** Null for an alert about a host. */
  calls: CallEvidence | null;
  /** Descriptors before the punts began, and the newest; null where the agent could not tell. */
  before: SeenDescriptors | null;
  after: SeenDescriptors | null;
}

/**
 * What a fallback costs. Measured: milliseconds that the VM's threads together spend on round trips to userspace, in each
 * second. Else an estimate: the share of its network throughput that is left, from the figures of those who wrote the
 * in-kernel acceleration (220 MB/s without it, 750 to 1020 MB/s with it).
 */
export type Impact =
  { known: 'measured'; lostMsPerSecond: number } | { known: 'estimated'; throughputLeft: { from: number; to: number } };

/** The VM that an alert is about. */
export interface AlertVm {
  life: string;
  name: string;
  /** Empty where QEMU was given none. */
  uuid: string;
}

/**
 * One step in the life of an alert. All times are nanoseconds since 1970 on the clock of the host that it is about, so
 * a replayed recording gives the recording's times.
 */
export interface AlertEvent {
  /** Derived from the alert, its subject and when it fired: the same for each step of one alert, and for each replay. */
  alertId: string;
  alert: AlertName;
  /** May become higher while the alert fires, never lower. */
  severity: Severity;
  state: 'firing' | 'resolved';
  /** 0 when it fires, one more at each step: a sharper cause, a higher severity, the resolution. */
  revision: number;
  atNs: bigint;
  hostId: string;
  hostName: string;
  /** Null for an alert about a host. */
  vm: AlertVm | null;
  firedAtNs: bigint;
  resolvedAtNs: bigint | null;
  cause: Cause;
  /** Null for an alert about a host. */
  impact: Impact | null;
  evidence: AlertEvidence;
}

/** What an alert about a host says when it fires. */
interface Fired extends Pick<AlertEvent, 'alertId' | 'alert' | 'hostId' | 'hostName' | 'atNs'> {
  severity?: Severity;
  cause: Cause;
  facts: readonly string[];
}

/** The event by which an alert about a host fires; `severity` is warning unless given. */
export function aboutHost({ severity = 'warning', cause, facts, ...event }: Fired): AlertEvent {
  return {
    ...event,
    severity,
    state: 'firing',
    revision: 0,
    firedAtNs: event.atNs,
    resolvedAtNs: null,
    vm: null,
    cause,
    impact: null,
    evidence: { facts, calls: null, before: null, after: null },
  };
}

/** The event that ends an alert. */
export function resolve(alert: AlertEvent, wallNs: bigint): AlertEvent {
  const atNs = wallNs > alert.atNs ? wallNs : alert.atNs;
  return { ...alert, state: 'resolved', revision: alert.revision + 1, atNs, resolvedAtNs: atNs };
}
