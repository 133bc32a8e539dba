/** Whether the agent is alive and whether it is of use, from what the loop and the outbox have done. Pure. */
import type { OutboxStats } from '../outbox/outbox.js';
import type { LoopStatus } from '../run/loop.js';

/** A verdict with its reason in words for whoever looks at the probe. */
export interface Health {
  ok: boolean;
  reason: string;
}

/** A delivery or a loop that is this many intervals late has stopped working, not merely been slow once. */
const PATIENCE_INTERVALS = 5;
/** With short intervals a loaded host may be late by more than that. */
const PATIENCE_MS = 60_000;

interface Observed {
  status: Readonly<LoopStatus>;
  stats: Readonly<OutboxStats> | undefined;
  intervalMs: number;
  nowMs: number;
}

/** Whether the loop goes round: readings are tried, be they good or not. */
export function alive({ status, intervalMs, nowMs }: Observed): Health {
  if (status.begunMs === undefined) return { ok: true, reason: 'starting' };
  return within(nowMs - status.begunMs, intervalMs, 'the last reading was begun');
}

/** Whether there is a recent reading and, where batches are delivered, a recent one has arrived. */
export function ready({ status, stats, intervalMs, nowMs }: Observed): Health {
  if (status.newest === undefined) return { ok: false, reason: 'nothing was read yet' };
  const read = within(nowMs - status.newest.takenMs, intervalMs, 'the newest reading was taken');
  if (!read.ok || stats === undefined) return read;
  if (stats.newestDeliveredMs === undefined) return { ok: false, reason: 'nothing was delivered yet' };
  return within(nowMs - stats.newestDeliveredMs, intervalMs, 'the newest reading that was delivered was taken');
}

function within(ageMs: number, intervalMs: number, what: string): Health {
  const limitMs = Math.max(PATIENCE_INTERVALS * intervalMs, PATIENCE_MS);
  const age = `${what} ${(ageMs / 1000).toFixed(1)} s ago`;
  return ageMs <= limitMs
    ? { ok: true, reason: age }
    : { ok: false, reason: `${age}; at most ${limitMs / 1000} s is normal` };
}
