/** Parses `per_cpu/cpuN/stats`: the kernel's own counts of one CPU's ring buffer. */
import { RingError } from './error.js';

/**
 * Events since the buffer was made or cleared. Everything written is in exactly one of the last four or in `entries`.
 */
export interface RingStats {
  /** Events in the buffer that are not read yet. */
  entries: number;
  read: number;
  /** Events overwritten before they were read; pages of trace_pipe_raw tell of the same ones. */
  overrun: number;
  /** Events not written because the reader was behind in a buffer that does not overwrite; no page tells of them. */
  dropped: number;
  /** Events not written because interrupts nested too deep over a page being committed; no page tells of them. */
  commitOverrun: number;
}

const LINES: Record<keyof RingStats, string> = {
  entries: 'entries',
  read: 'read events',
  overrun: 'overrun',
  dropped: 'dropped events',
  commitOverrun: 'commit overrun',
};

/**
 * Parses the file. Throws RingError naming the line with a value that is no number, or the end if a line is missing.
 */
export function parseStats(text: string): RingStats {
  const lines = text.split('\n');
  const count = (key: keyof RingStats): number => {
    const prefix = `${LINES[key]}: `;
    const i = lines.findIndex((line) => line.startsWith(prefix));
    if (i < 0) throw new RingError('malformed', 'stats', 'line', lines.length, `there is no line "${prefix}N"`);
    const value = (lines[i] ?? '').slice(prefix.length);
    if (!/^\d{1,16}$/.test(value) || !Number.isSafeInteger(Number(value))) {
      throw new RingError('malformed', 'stats', 'line', i + 1, `expected "${prefix}N", found "${value.slice(0, 80)}"`);
    }
    return Number(value);
  };
  return {
    entries: count('entries'),
    read: count('read'),
    overrun: count('overrun'),
    dropped: count('dropped'),
    commitOverrun: count('commitOverrun'),
  };
}
