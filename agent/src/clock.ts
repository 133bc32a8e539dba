/** The clock of loops and replays; passed in, so that tests do not wait. */
import { setTimeout } from 'node:timers/promises';

export interface Pace {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** Resolves after that time, or when the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const realPace: Pace = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) =>
    setTimeout(milliseconds, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    }),
};
