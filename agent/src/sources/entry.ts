/**
 * What a source is registered with: everything that the rest of the agent knows of it. From its entry come its name in
 * the configuration and in metrics, its settings with their help and reference, and its rows in `doctor`.
 */
import type { MissingSetting, SettingsOf, SettingsShape } from '../config/sections.js';
import type { Pace } from '../clock.js';
import type { Source } from '../model.js';

/** What sources are made with besides their settings: everything that they would otherwise take from their surroundings. */
export interface SourceContext {
  /** Everything that is read of the host lies below this directory; `/` but for recorded hosts. */
  root: string;
  /** What the configuration says of the host; what it leaves out is read from the host. */
  host: { id?: string | undefined; name?: string | undefined };
  agentVersion: string;
  pace: Pace;
  /** Nanoseconds since 1970. */
  now(): bigint;
  /** Called by a recording after each reading, with the number of readings done and in all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What a host must have for a source to count on it; `doctor` has a check for each. */
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
  /** One clause. */
  gives: string;
  needs: readonly Requirement[];
}

export interface SourceEntry<Shape extends SettingsShape> {
  settings: Shape;
  /** Whether it reads a live host at an interval; else it keeps its own time, comes to an end, and keeps no state. */
  isLive: boolean;
  /** None for a source that counts on no host. */
  doctor: readonly DoctorRow[];
  missing?: (settings: SettingsOf<Shape>) => MissingSetting | undefined;
  create(options: SourceContext & SettingsOf<Shape>): Source;
}

/** Gives an entry its type. */
export function defineSource<Shape extends SettingsShape>(entry: SourceEntry<Shape>): SourceEntry<Shape> {
  return entry;
}
