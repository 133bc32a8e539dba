/** Waits for a condition that nothing announces. */
import { setTimeout as sleep } from 'node:timers/promises';

const PERIOD_MS = 100;

/** Resolves to whether the condition held within the time. What it rejects with counts as not yet. */
export async function holdsWithin(milliseconds: number, condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    if (await condition().catch(() => false)) return true;
    if (performance.now() > deadline) return false;
    await sleep(PERIOD_MS);
  }
}
