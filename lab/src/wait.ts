/** Waiting: for a condition that nothing announces, and for a promise within a time. */
import { poll as pollWithin } from '@tcewatch/testing/poll';
import { LabError } from './errors.js';

const PERIOD_MS = 1000;
const PATIENCE_MS = 600_000;

/**
 * Asks again and again: resolves to the first answer that is not undefined; rejects with LabError naming `what` when
 * none comes.
 */
export async function poll<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const answer = await pollWithin(PATIENCE_MS, ask, PERIOD_MS);
  if (answer === undefined) throw new LabError(`waited ${PATIENCE_MS / 1000} s in vain: ${what}`);
  return answer;
}

/** Limits a promise: resolves or rejects as it does, or rejects with `late()` once the time is over. */
export async function within<T>(milliseconds: number, promise: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(late());
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
