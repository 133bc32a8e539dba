/** Whether a consumer that seems to be well has stopped consuming. Pure. */
import type { Held } from './assignments.js';

export interface Sight {
  nowMs: number;
  stalledAfterMs: number;
  /** The same for getting into the group: a rebalance waits for members that are no more. */
  joinWithinMs: number;
  /** When it last joined the group, or began to try; undefined while it need not be a member. */
  waitsSinceMs: number | undefined;
  held: readonly Held[];
  /** Whether records of a partition are there to be read; undefined when that is not known. */
  hasMore: (held: Held) => boolean | undefined;
}

/** What stands still, in words; undefined when nothing does. */
export function stall({ nowMs, stalledAfterMs, joinWithinMs, waitsSinceMs, held, hasMore }: Sight): string | undefined {
  if (waitsSinceMs !== undefined) {
    return nowMs - waitsSinceMs > joinWithinMs ? 'it does not get into the group' : undefined;
  }
  const stuck = held.find(
    (one) => !one.paused && !one.busy && nowMs - one.progressMs > stalledAfterMs && hasMore(one) === true,
  );
  return stuck && `partition ${stuck.partition} of ${stuck.topic} has records and delivers none`;
}
