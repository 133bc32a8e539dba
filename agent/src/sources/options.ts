/** What sources are made with: everything that they would otherwise take from their surroundings. */

/** How a replay waits; injected, so that tests need not. */
export interface Pace {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** Resolves after that time, or earlier when the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export interface ReplayOptions {
  /** The recording: holds hist/, root-NAME/ and final/. */
  directory: string;
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
  host: { id?: string; name?: string };
  agentVersion: string;
  hist: {
    /** Entries of each histogram: a power of two from 128 to 131072 (kernel/trace/tracing_map.h). */
    size: number;
  };
  /** Given for the source `replay` alone. */
  replay?: ReplayOptions;
  /** Nanoseconds since 1970. */
  now(): bigint;
}
