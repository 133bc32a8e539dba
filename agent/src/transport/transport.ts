/** How encoded batches leave the host: one attempt at a time. One file for each transport; `registry.ts` names them. */
import type { Logger } from 'pino';
import type { MissingSetting, SettingsOf, SettingsShape } from '../config/sections.js';

/** One batch ready to travel, with what an outbox and a transport must know of it. */
export interface EncodedBatch {
  bytes: Uint8Array;
  /** The host's key in the whole fleet: what partitions are chosen by. */
  hostId: string;
  epoch: string;
  /** The agent's monotonic clock in milliseconds when the reading was taken. */
  takenMs: number;
}

/** One batch under way. */
export interface OutgoingBatch extends EncodedBatch {
  /** W3C traceparent of this delivery, to be sent along; absent where it is not traced. */
  traceparent?: string | undefined;
}

/** What one attempt may hold; a batch that is larger alone goes alone. */
export interface AttemptLimits {
  batches: number;
  /** Of the encoded batches together, before compression. */
  bytes: number;
}

/** Why one batch is refused for good. */
export interface Refusal {
  /** A code for what is wrong with the batch: a label of metrics, so one of few. */
  reason: string;
  message: string;
}

/** What became of one attempt. */
export type Verdict =
  /** By the place of a batch in the attempt; those that are not in it are delivered. */
  | { kind: 'settled'; refusals: ReadonlyMap<number, Refusal> }
  /** Nothing is known to have been taken; worth another try, but not before so many milliseconds. */
  | { kind: 'retry'; afterMs: number; message: string }
  /** All of them, but perhaps none alone, are more than the other side takes at once: worth another try with fewer. */
  | { kind: 'too-large' };

/** What a transport is registered with: its settings come to the configuration from here. */
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
  readonly most: Readonly<AttemptLimits>;
  /**
   * One attempt to deliver these, in order; never called again before it has resolved, and never rejects. When the signal
   * is aborted it ends soon, whatever its verdict.
   */
  deliver(batches: readonly OutgoingBatch[], signal: AbortSignal): Promise<Verdict>;
  /** Gives connections back; no attempt follows. */
  close(): Promise<void>;
}
