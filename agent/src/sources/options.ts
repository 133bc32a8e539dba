/** What sources are made with: everything that they would otherwise take from their surroundings. */
import type { Pace } from '../clock.js';

export interface ReplayOptions {
  /** The recording: holds hist/, and maybe root-NAME/, final/ and timeline.txt. */
  directory: string;
  /** Which of its counts is read; `hist` when it is not given. */
  source?: 'hist' | 'ring';
  /** How many times as fast as it was recorded; 0 or Infinity is as fast as possible. */
  speed: number;
  pace: Pace;
  /** Told after each reading, with the number of readings done and in all. */
  onProgress?: (done: number, total: number) => void;
}

export interface SourceOptions {
  /** Everything that is read of the host lies below this directory; `/` but for recorded hosts. */
  root: string;
  /** What the configuration says of the host; what it leaves out is read from the host. */
  host: { id?: string | undefined; name?: string | undefined };
  agentVersion: string;
  hist: {
    /** Entries of each histogram: a power of two from 128 to 131072 (kernel/trace/tracing_map.h). */
    size: number;
    /** Whether LIOBNs of punts and latencies are counted besides. */
    detail: boolean;
  };
  /** For the source `replay`, which cannot do without. */
  replay?: ReplayOptions;
  /** Nanoseconds since 1970. */
  now(): bigint;
}
