/**
 * Interface of transports: they bring encoded batches off the host, one attempt at a time. One file for each transport;
 * `registry.ts` names them.
 */
import type { Logger } from 'pino';
import type { MissingSetting, SettingsOf, SettingsShape } from '../sections.js';

/** One batch ready to travel, with what an outbox and a transport must know of it. */
export interface EncodedBatch {
  bytes: Uint8Array;
  /** Key of the host in the whole fleet, by which partitions are chosen. */
  hostId: string;
  epoch: string;
  /** Time of the reading on the agent's monotonic clock, in milliseconds. */
  takenMs: number;
}

/** One batch under way. */
export interface OutgoingBatch extends EncodedBatch {
  /** W3C traceparent of this delivery, to be sent along; absent where it is not traced. */
  traceparent?: string | undefined;
}

/** Limits of one attempt; a batch that is larger alone goes alone. */
export interface AttemptLimits {
  batches: number;
  /** Bytes of the encoded batches together, before compression. */
  bytes: number;
}

/** Reason for which one batch is refused for good. */
export interface Refusal {
  /** Code for what is wrong with the batch: a label of metrics, so one of few. */
  reason: string;
  message: string;
}

/** Result of one attempt. */
export type Verdict =
  /** Refusals by the place of a batch in the attempt; those that are not in it are delivered. */
  | { kind: 'settled'; refusals: ReadonlyMap<number, Refusal> }
  /**
   * Failure of the attempt as a whole: nothing is known to have been taken; worth another try, but not before
   * `afterMs`.
   */
  | { kind: 'retry'; afterMs: number; message: string }
  /**
   * Excess: all batches, but perhaps none alone, are more than the other side takes at once; worth another try with
   * fewer.
   */
  | { kind: 'too-large' };

/** Entry with which a transport is registered: its settings come to the configuration from here. */
export interface TransportEntry<Shape extends SettingsShape> {
  settings: Shape;
  missing(settings: SettingsOf<Shape>): MissingSetting | undefined;
  create(settings: SettingsOf<Shape>, log: Logger): Transport;
}

/** Gives an entry its type. */
export function defineTransport<Shape extends SettingsShape>(entry: TransportEntry<Shape>): TransportEntry<Shape> {
  return entry;
}

/** One way for batches to leave the host. What fails is tried again by the outbox, so a transport keeps nothing. */
export interface Transport {
  readonly name: string;
  readonly attemptLimits: Readonly<AttemptLimits>;
  /**
   * Makes one attempt to deliver these, in order; never called again before it has resolved, and never rejects. When
   * the signal is aborted it ends soon, whatever its verdict.
   */
  deliver(batches: readonly OutgoingBatch[], signal: AbortSignal): Promise<Verdict>;
  /** Gives connections back; no attempt follows. */
  close(): Promise<void>;
}
