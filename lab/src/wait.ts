/** Waiting: for a condition that nothing announces, and for a promise within a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './errors.js';

const PERIOD_MS = 1000;
const PATIENCE_MS = 600_000;

/** Asks again and again: resolves to the first answer that is not undefined; rejects with LabError naming `what` when none comes. */
export async function poll<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new LabError(`waited ${PATIENCE_MS / 1000} s in vain: ${what}`);
    await sleep(PERIOD_MS);
  }
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
