/** What a consumer keeps account of, without a broker. */
import { describe, expect, it } from 'vitest';
import { Assignments, stall } from '../src/assignments.js';
import type { Held } from '../src/assignments.js';

const [P0, P1, P2] = [0, 1, 2].map((partition) => ({ topic: 't', partition })) as [Of, Of, Of];
interface Of {
  topic: string;
  partition: number;
}

function assignments() {
  const clock = { nowMs: 0 };
  return { clock, all: new Assignments(() => clock.nowMs) };
}

describe('Assignments', () => {
  it('gives a new number to what was gained, and keeps that of what stays', () => {
    const { all } = assignments();
    const { gained } = all.replace([P0, P1]);
    const change = all.replace([P1, P2]);
    expect(change.lost).toEqual([gained[0]]);
    expect(change.kept).toEqual([gained[1]]);
    expect(gained[0]?.ended.signal.aborted).toBe(true);
    expect(gained[1]?.ended.signal.aborted).toBe(false);
    const [again] = all.replace([P0]).gained;
    expect(again!.assignment).toBeGreaterThan(change.gained[0]!.assignment);
  });

  it('commits the highest of what is wanted, and nothing of an assignment that has ended', () => {
    const { all } = assignments();
    const [first, second] = all.replace([P0, P1]).gained;
    all.want([
      { ...first!, next: 5n },
      { ...first!, next: 3n },
      { ...second!, next: 7n },
    ]);
    expect(all.uncommitted().map(({ wanted }) => wanted)).toEqual([5n, 7n]);
    all.committed(P0, 5n);
    expect(all.uncommitted().map(({ partition }) => partition)).toEqual([1]);
    all.replace([P0]);
    all.replace([P0, P1]);
    all.want([{ ...second!, next: 9n }]);
    expect(all.uncommitted()).toEqual([]);
  });

  it('pauses until the assignment ends', () => {
    const { all } = assignments();
    all.replace([P0]);
    expect(all.pause(P0)).toBe(true);
    expect(all.pause(P1)).toBe(false);
    all.replace([P0]);
    expect(all.get(P0)?.paused).toBe(true);
    all.replace([]);
    all.replace([P0]);
    expect(all.get(P0)?.paused).toBe(false);
  });
});

describe('stall', () => {
  const limits = { stalledAfterMs: 100, joinWithinMs: 1000, waitsSinceMs: undefined };
  const more = () => true;

  function held(change: Partial<Held> = {}): Held[] {
    const { all } = assignments();
    all.replace([P0]);
    return all.all().map((one) => Object.assign(one, change));
  }

  it('sees a partition that has records and delivers none', () => {
    expect(stall({ ...limits, nowMs: 101, held: held(), hasMore: more })).toBe(
      'partition 0 of t has records and delivers none',
    );
    expect(stall({ ...limits, nowMs: 100, held: held(), hasMore: more })).toBeUndefined();
  });

  it.each([{ paused: true }, { busy: true }, { progressMs: 50 }])('waits for one that is %j', (change) => {
    expect(stall({ ...limits, nowMs: 101, held: held(change), hasMore: more })).toBeUndefined();
  });

  it.each([false, undefined])('says nothing where more is %s', (known) => {
    expect(stall({ ...limits, nowMs: 10_000, held: held(), hasMore: () => known })).toBeUndefined();
  });

  it('gives a member that joins more time', () => {
    const joining = { ...limits, waitsSinceMs: 0, held: [], hasMore: more };
    expect(stall({ ...joining, nowMs: 1000 })).toBeUndefined();
    expect(stall({ ...joining, nowMs: 1001 })).toBe('it does not get into the group');
  });
});
