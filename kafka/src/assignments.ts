/**
 * Which partitions are this consumer's, how far each has been read and committed, which are paused, and whether one
 * stands still. Knows no library and no clock but the one it is given.
 */
import type { Assignment, Position, TopicPartition } from './types.js';

/** An assignment and what changes in it. */
export interface Held extends Assignment {
  /** The next record to read; undefined before anything is known of it. */
  position: bigint | undefined;
  /** The highest position that was committed in this assignment, and the highest that is to be. */
  committed: bigint;
  wanted: bigint;
  paused: boolean;
  /** Whether a batch of it is being taken over. */
  busy: boolean;
  /** The time at which it last got on, or had nothing to get on with; milliseconds of the clock. */
  progressMs: number;
  /** Aborted when the assignment ends. */
  ended: AbortController;
}

export interface Change {
  gained: readonly Held[];
  lost: readonly Held[];
  kept: readonly Held[];
}

const NOTHING_COMMITTED = -1n;

export class Assignments {
  readonly #held = new Map<string, Held>();
  readonly #nowMs: () => number;
  #last = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  all(): Held[] {
    return [...this.#held.values()];
  }

  get(of: TopicPartition): Held | undefined {
    return this.#held.get(keyOf(of));
  }

  /** Finds the assignment itself, unless it has ended. */
  current(of: Assignment): Held | undefined {
    const held = this.get(of);
    return held?.assignment === of.assignment ? held : undefined;
  }

  /** Records that these and no others are assigned now. */
  replace(assigned: readonly TopicPartition[]): Change {
    const now = new Set(assigned.map(keyOf));
    const lost = this.all().filter((held) => !now.has(keyOf(held)));
    for (const held of lost) {
      this.#held.delete(keyOf(held));
      held.ended.abort();
    }
    const kept = this.all();
    const gained = assigned.filter((one) => !this.#held.has(keyOf(one))).map((one) => this.#gain(one));
    for (const held of kept) held.progressMs = this.#nowMs();
    return { gained, lost, kept };
  }

  /** Records the wish to commit; what is behind, or of an assignment that has ended, is left out. */
  want(positions: readonly Position[]): void {
    for (const position of positions) {
      const held = this.current(position);
      if (held && position.next > held.wanted) held.wanted = position.next;
    }
  }

  /** Lists what is to be committed. */
  uncommitted(): Held[] {
    return this.all().filter(({ wanted, committed }) => wanted > committed);
  }

  committed(of: TopicPartition, next: bigint): void {
    const held = this.get(of);
    if (held && next > held.committed) held.committed = next;
  }

  pause(of: TopicPartition): boolean {
    const held = this.get(of);
    if (held) held.paused = true;
    return held !== undefined;
  }

  resume(of: TopicPartition): boolean {
    const held = this.get(of);
    if (!held) return false;
    held.paused = false;
    held.progressMs = this.#nowMs();
    return true;
  }

  /** Records that it got on, or has nothing to get on with. */
  progressed(held: Held): void {
    held.progressMs = this.#nowMs();
  }

  #gain({ topic, partition }: TopicPartition): Held {
    const nothing = { position: undefined, committed: NOTHING_COMMITTED, wanted: NOTHING_COMMITTED };
    const state = { paused: false, busy: false, progressMs: this.#nowMs(), ended: new AbortController() };
    const held: Held = { topic, partition, assignment: ++this.#last, ...nothing, ...state };
    this.#held.set(keyOf(held), held);
    return held;
  }
}

/** Gives the part of it that the outside may know. */
export function assignmentOf({ topic, partition, assignment }: Held): Assignment {
  return { topic, partition, assignment };
}

export interface Sight {
  nowMs: number;
  stalledAfterMs: number;
  /** How long getting into the group may take: a rebalance waits for members that are no more. */
  joinWithinMs: number;
  /** The time at which it last joined the group, or began to try; undefined while it need not be a member. */
  waitsSinceMs: number | undefined;
  held: readonly Held[];
  /** Whether records of a partition are there to be read; undefined when that is not known. */
  hasMore: (held: Held) => boolean | undefined;
}

/** Says what of a consumer that seems to be well stands still, in words; undefined when nothing does. */
export function stall({ nowMs, stalledAfterMs, joinWithinMs, waitsSinceMs, held, hasMore }: Sight): string | undefined {
  if (waitsSinceMs !== undefined) {
    return nowMs - waitsSinceMs > joinWithinMs ? 'it does not get into the group' : undefined;
  }
  const stuck = held.find(
    (one) => !one.paused && !one.busy && nowMs - one.progressMs > stalledAfterMs && hasMore(one) === true,
  );
  return stuck && `partition ${stuck.partition} of ${stuck.topic} has records and delivers none`;
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
