/** Tries something again while the failure is one that passes by itself. */
import pRetry from 'p-retry';
import { StoreError } from '../model.js';
import type { StoreFailure } from '../model.js';

/** Failures that pass; the others need somebody to act, or have used up the time already. */
const PASSING: ReadonlySet<StoreFailure> = new Set(['unreachable', 'overloaded', 'failed']);

/**
 * Resolves to what `work` does; rejects with its last error when that is none that passes, when `forMs` are over since the
 * first try, or once `signal` is aborted. The signal cuts no pause short: a pause has two seconds at most, and after it the
 * rows get their last chance.
 */
export function retryPassing<T>(work: () => Promise<T>, forMs: number, signal: AbortSignal): Promise<T> {
  return pRetry(work, {
    retries: Infinity,
    minTimeout: 100,
    maxTimeout: 2000,
    maxRetryTime: forMs,
    shouldRetry: ({ error }) => isPassing(error) && !signal.aborted,
  });
}

function isPassing(error: unknown): boolean {
  return error instanceof StoreError && error.transient && PASSING.has(error.failure);
}
