/** Tries something again while the failure is one that passes by itself. */
import { setTimeout as wait } from 'node:timers/promises';
import type { StoreError, StoreFailure } from '../model.js';

/** The others need somebody to act, or have used up the time already. */
const PASSING: ReadonlySet<StoreFailure> = new Set(['unreachable', 'overloaded', 'failed']);
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2000;

/**
 * Resolves to what `work` does; rejects with its last StoreError when that is not a passing one, when `forMs` are over
 * since the first try, or when `signal` aborts.
 */
export async function insist<T>(work: () => Promise<T>, forMs: number, signal: AbortSignal): Promise<T> {
  const until = performance.now() + forMs;
  for (let delay = FIRST_WAIT_MS; ; delay = Math.min(2 * delay, LONGEST_WAIT_MS)) {
    try {
      return await work();
    } catch (error) {
      const { transient, failure } = error as StoreError;
      const late = performance.now() + delay > until;
      if (!transient || !PASSING.has(failure) || late || signal.aborted) throw error;
    }
    await wait(delay, undefined, { signal }).catch(() => undefined);
  }
}
