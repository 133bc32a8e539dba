/**
 * What flows through the collector: intake > store and detector > notifier. Each type here is one arrow of that line.
 */
import type { Batch, Descriptors, Hypercall } from '@tcewatch/protocol';

/** Makes batches durable. */
export interface BatchStore {
  /**
   * Resolves when ClickHouse has acknowledged everything that the batches say; then and only then may a sender be told
   * so. Rejects with StoreError, or with BatchError for a batch that can never be stored; the same batches may be given
   * again, any number of times and in any order.
   */
  insertBatches(batches: readonly Batch[]): Promise<void>;
  /** The same for alert events. */
  insertAlertEvents(events: readonly AlertEvent[]): Promise<void>;
  /** The newest event of each alert that is still firing, for the detector to go on from. */
  firingAlerts(): Promise<AlertEvent[]>;
}

/**
 * Why ClickHouse did not do what was asked. `timeout`: it may have, and nobody knows; `schema`: what the statement names is
 * not there; `refused`: the rows do not fit; `failed`: anything else.
 */
export type StoreFailure =
  | 'unreachable'
  | 'timeout'
  | 'overloaded'
  | 'out-of-space'
  | 'read-only'
  | 'no-access'
  | 'schema'
  | 'refused'
  | 'failed';

/**
 * ClickHouse could not do what was asked. After a `transient` error the same may succeed later, perhaps once an operator
 * has acted; after any other what was asked is itself to blame.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly failure: StoreFailure;

  /** `failure` is `failed` for a transient error and `refused` for any other, where nothing more is known. */
  constructor(
    message: string,
    readonly transient: boolean,
    { failure, ...options }: ErrorOptions & { failure?: StoreFailure } = {},
  ) {
    super(message, options);
    this.failure = failure ?? (transient ? 'failed' : 'refused');
  }
}

/**
 * Names of alerts, as Alertmanager sees them; each has a page in docs/runbooks. The first two are about a VM, the rest
 * about a host.
 */
export const ALERTS = [
  'TceAccelerationLost',
  'TceNeverAccelerated',
  'TceTelemetrySilent',
  'TceCountsIncomplete',
  'TceDuplicateIdentity',
] as const;
export type AlertName = (typeof ALERTS)[number];

export const SEVERITIES = ['warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** How sure a cause is: nothing else makes this evidence; nothing else that is common does; others do as well. */
export const CONFIDENCES = ['certain', 'likely', 'possible'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** Why the alert fires, with what is known of it in words for the operator. */
export interface Cause {
  /** In kebab-case; unique over all alerts, and the anchor of its section in the alert's runbook. */
  code: string;
  confidence: Confidence;
  /** One sentence: what happened. */
  summary: string;
  /** One sentence: what to do about it. */
  advice: string;
}

/** What the agent saw of the VM's descriptors, and when on the host's wall clock. */
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
  /** Those hypercalls that were called at all. */
  hypercalls: Readonly<Partial<Record<Hypercall, CallCounts>>>;
  /**
   * LIOBNs that fell back, in hexadecimal without 0x, by punts, at most 16; empty where the source does not tell the LIOBN
   * of a punt.
   */
  liobns: readonly (CallCounts & { liobn: string })[];
}

/** What an alert is known by. Stored with it and shown. */
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

/** What one notifier was told, and when on the collector's clock. */
export interface Notification {
  notifier: string;
  hostId: string;
  alertId: string;
  revision: number;
  atNs: bigint;
}

/** Remembers who was told of what, beyond the life of a collector. */
export interface NotificationStore {
  insertNotifications(rows: readonly Notification[]): Promise<void>;
  /** Events that were stored later than a time on the collectors' clocks, the oldest first. */
  alertEventsStoredAfter(ns: bigint): Promise<{ event: AlertEvent; storedNs: bigint }[]>;
  /** Later than a time. */
  notificationsAfter(ns: bigint): Promise<Notification[]>;
  /** Since when there is each of these notifiers: since now for those that are new. */
  notifiersSince(names: readonly string[], nowNs: bigint): Promise<ReadonlyMap<string, bigint>>;
}

/**
 * Tells somebody. `notify` rejects when nobody could be told; the dispatcher tries again. The same event may come again,
 * after a restart or from another collector: receivers know it by alert id and revision.
 */
export interface Notifier {
  readonly name: string;
  /**
   * Milliseconds after which a receiver wants to hear again of every alert that still fires, else it takes them for
   * resolved; undefined: one message for each event is enough.
   */
  readonly repeatEvery?: number;
  /** Events that it takes at once; undefined: one. */
  readonly atOnce?: number;
  /**
   * Events in order, at most one for each alert; of those that are traced the `traceparents` (W3C), for whoever is told to
   * go on from.
   */
  notify(events: readonly AlertEvent[], traceparents?: readonly (string | undefined)[]): Promise<void>;
}
