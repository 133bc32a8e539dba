/**
 * The entry with which a source is registered: everything that the rest of the agent knows of it. From its entry come
 * its name in the configuration and in metrics, its settings with their help and reference, and its rows in `doctor`.
 */
import type { MissingSetting, SettingsOf, SettingsShape } from '../sections.js';
import type { Pace } from '../clock.js';
import type { Source } from '../model.js';

/** Everything besides its settings that a source would otherwise take from its surroundings. */
export interface SourceContext {
  /** Directory below which everything is read of the host; `/` but for recorded hosts. */
  root: string;
  /** Settings of the host's identity; what they leave out is read from the host. */
  host: { id?: string | undefined; name?: string | undefined };
  agentVersion: string;
  pace: Pace;
  /** Returns the time in nanoseconds since 1970. */
  now(): bigint;
  /** Called by a recording after each reading, with the number of readings done and in all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Requirement of a source on its host; `doctor` has a check for each. */
export type Requirement =
  | 'proc'
  | 'tracefs'
  | 'lockdown'
  | 'kvm-hv'
  | 'hist-triggers'
  | 'synthetic-events'
  | 'pid-namespace'
  | 'userspace-exit-event'
  | 'guest-events';

/** A row of `doctor`. A source with settings that ask for more has several. */
export interface DoctorRow {
  name: string;
  /** Benefit of the source, in one clause. */
  gives: string;
  needs: readonly Requirement[];
}

export interface SourceEntry<Shape extends SettingsShape> {
  settings: Shape;
  /**
   * Whether the source reads a live host at an interval; else it keeps its own time, comes to an end, and keeps no
   * state.
   */
  isLive: boolean;
  /** Rows of `doctor`; none for a source that counts on no host. */
  doctor: readonly DoctorRow[];
  missing?: (settings: SettingsOf<Shape>) => MissingSetting | undefined;
  create(options: SourceContext & SettingsOf<Shape>): Source;
}

/** Gives an entry its type. */
export function defineSource<Shape extends SettingsShape>(entry: SourceEntry<Shape>): SourceEntry<Shape> {
  return entry;
}
