/** Waits for a condition that nothing announces. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './errors.js';

const PERIOD_MS = 1000;
const PATIENCE_MS = 600_000;

/** Resolves to the first answer that is not undefined; rejects with LabError naming `what` when none comes. */
export async function poll<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new LabError(`waited ${PATIENCE_MS / 1000} s in vain: ${what}`);
    await sleep(PERIOD_MS);
  }
}
