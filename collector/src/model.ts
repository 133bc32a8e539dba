/**
 * What flows through the collector: intake > store and detector > notifier. Each type here is one arrow of that line.
 */
import type { Batch, Descriptors } from '@tcewatch/protocol';

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

/** Names of alerts, as Alertmanager will see them. */
export type AlertName = 'TceFallback';

/** Why hypercalls go to userspace. Each has a row in docs/reference/causes.md. */
export type CauseCode = 'no-in-kernel-table' | 'table-left-kernel-vfio' | 'table-left-kernel' | 'unknown';

/** A cause with what it is known by, in words for the operator. */
export interface Cause {
  code: CauseCode;
  /** One sentence: what happened. */
  summary: string;
  /** One sentence: what to do about it. */
  advice: string;
}

/** What the agent saw of the VM's descriptors, and when on the host's wall clock. */
export interface SeenDescriptors extends Descriptors {
  observedAtNs: bigint;
}

/** What the alert is known by. */
export interface AlertEvidence {
  /** Calls that entered the kernel and those of them that it punted, and seconds, over the time that made it fire. */
  entered: number;
  punted: number;
  seconds: number;
  /**
   * Milliseconds that the VM's threads together spent on measured round trips to userspace, in each of those seconds;
   * absent where times were not measured throughout.
   */
  lostMsPerSecond?: number;
  /** Descriptors before the punts began, and the newest; null where the agent could not tell. */
  before: SeenDescriptors | null;
  after: SeenDescriptors | null;
}

/**
 * One step in the life of an alert. All times are nanoseconds since 1970 on the clock of the host that it is about, so
 * a replayed recording gives the recording's times.
 */
export interface AlertEvent {
  /** `deriveId(alert, life, firedAtNs)`: the same for each step of one alert, and for each replay. */
  alertId: string;
  alert: AlertName;
  state: 'firing' | 'resolved';
  /** 0 when it fires, one more at each step: a sharper cause, the resolution. */
  revision: number;
  atNs: bigint;
  hostId: string;
  hostName: string;
  life: string;
  vm: string;
  uuid: string;
  firedAtNs: bigint;
  resolvedAtNs: bigint | null;
  cause: Cause;
  evidence: AlertEvidence;
}

/** Tells somebody. `notify` rejects when nobody could be told; the notifier registry retries. */
export interface Notifier {
  readonly name: string;
  /** `traceparent` (W3C) is there where the notification is traced, for whoever is told to go on from. */
  notify(event: AlertEvent, traceparent?: string): Promise<void>;
}
