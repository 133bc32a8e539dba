/** Turns steps of the read API into series for the plot: rates by mode, and times in which nobody read the host. Pure. */
import { MODES } from '@tcewatch/protocol/vocabulary';
import type { Hypercall, Mode } from '@tcewatch/protocol/vocabulary';
import type { Step } from './api/answers.js';

export interface PlotStep {
  /** Beginning, Unix seconds. */
  at: number;
  /** The host was read in it. */
  read: boolean;
  /** Calls in a second; null: unobservable, or not read. */
  rates: Record<Mode, number | null>;
}

/** All hypercalls together, or one of them. `step` in seconds. */
export function plotSteps(steps: readonly Step[], step: number, hypercall?: Hypercall): PlotStep[] {
  const byTime = new Map<string, Step[]>();
  for (const row of steps) {
    if (hypercall !== undefined && row.hypercall !== hypercall) continue;
    const alike = byTime.get(row.at);
    if (alike) alike.push(row);
    else byTime.set(row.at, [row]);
  }
  let unread = 0;
  return [...byTime].map(([at, rows]) => {
    const read = rows.some((row) => row.read);
    // What was called while nobody read is in the first step that was read again: spread over both it is no peak.
    const seconds = step * (1 + unread);
    unread = read ? 0 : unread + 1;
    const rates = Object.fromEntries(
      MODES.map((mode) => [mode, read ? rateOf(rows, mode, seconds) : null]),
    ) as PlotStep['rates'];
    return { at: Date.parse(at) / 1000, read, rates };
  });
}

/** Null as soon as one hypercall's share is; only those that were ever called have rows. */
function rateOf(rows: readonly Step[], mode: Mode, seconds: number): number | null {
  let sum = 0;
  for (const row of rows) {
    const calls = row.modes.find((one) => one.mode === mode)?.calls ?? null;
    if (calls === null) return null;
    sum += calls;
  }
  return sum / seconds;
}
