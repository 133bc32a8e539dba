/**
 * Health of the agent, from what the loop and the outbox have done: whether it is alive, and whether it is of use.
 * Pure.
 */
import type { OutboxStats } from '../outbox/outbox.js';
import type { LoopStatus } from '../run/loop.js';

/** A verdict with its reason, for whoever reads the probe's answer. */
export interface Health {
  ok: boolean;
  reason: string;
}

/** Intervals after which a delivery or a loop counts as stopped, and not merely as slow once. */
const PATIENCE_INTERVALS = 5;
/** Least time for that in milliseconds: with short intervals a loaded host may be late by more of them. */
const PATIENCE_MS = 60_000;

interface Observed {
  status: Readonly<LoopStatus>;
  stats: Readonly<OutboxStats> | undefined;
  intervalMs: number;
  nowMs: number;
}

/** Tells whether the loop runs: readings are tried, whether they succeed or not. */
export function alive({ status, intervalMs, nowMs }: Observed): Health {
  if (status.begunMs === undefined) return { ok: true, reason: 'starting' };
  return within(nowMs - status.begunMs, intervalMs, 'the last reading was begun');
}

/** Tells whether there is a recent reading and, where batches are delivered, a recent one has arrived. */
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
