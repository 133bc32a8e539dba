/** Waits for what nothing announces. */
import { setTimeout as sleep } from 'node:timers/promises';

const PERIOD_MS = 100;

/** Asks until the answer is not undefined: resolves to it, or to undefined when none came in time. Rejects as `ask` does. */
export async function poll<T>(
  withinMs: number,
  ask: () => Promise<T | undefined>,
  periodMs = PERIOD_MS,
): Promise<T | undefined> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() > deadline) return answer;
    await sleep(periodMs);
  }
}

/** Resolves to whether the condition held within the time. What it rejects with counts as not yet. */
export async function holdsWithin(withinMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  const ask = async () => ((await condition().catch(() => false)) ? true : undefined);
  return (await poll(withinMs, ask)) ?? false;
}
