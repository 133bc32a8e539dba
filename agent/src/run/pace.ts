/** The clock that the agent runs by. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pace } from '../sources/options.js';

export const systemPace: Pace = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) =>
    // Rejects only when the signal is aborted, and then the wait is over all the same.
    sleep(Math.max(0, milliseconds), undefined, { signal }).catch(() => undefined),
};
