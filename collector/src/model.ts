/**
 * What flows through the collector: intake > store and detector > notifier. Each type here is one arrow of that line.
 */
import type { Batch } from '@tcewatch/protocol';
import type { AlertEvent } from './alerts/event.js';
import type { CodeOf } from './errors.js';

/** Makes batches durable. */
export interface BatchStore {
  /**
   * Resolves when ClickHouse has acknowledged everything that the batches say; then and only then may a sender be told
   * so. Rejects with StoreError, or with BatchError for a batch that can never be stored; the same batches may be given
   * again, any number of times and in any order.
   */
  insertBatches(batches: readonly Batch[]): Promise<void>;
  /** Resolves when ClickHouse has acknowledged the events; rejects with StoreError. Events may be given again. */
  insertAlertEvents(events: readonly AlertEvent[]): Promise<void>;
  /** The newest event of each alert that is still firing, for the detector to go on from. */
  firingAlerts(): Promise<AlertEvent[]>;
}

/**
 * Why ClickHouse did not do what was asked. `timeout`: it may have, and nobody knows; `schema`: what the statement names is
 * not there; `refused`: the rows do not fit; `failed`: anything else.
 */
export type StoreFailure = CodeOf<
  | 'unreachable'
  | 'timeout'
  | 'overloaded'
  | 'out-of-space'
  | 'read-only'
  | 'no-access'
  | 'schema'
  | 'refused'
  | 'failed'
>;

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

/** Record that a notifier was told of an event, and when on the collector's clock. */
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
  /** Notifications later than a time, in nanoseconds since 1970 on the collectors' clocks. */
  notificationsAfter(ns: bigint): Promise<Notification[]>;
  /** Times since when there is each of these notifiers: now for those that are new. */
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
