import { allocateLatencies, allocateSeries } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { batchOf } from '@tcewatch/testing/series-batches';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/model.js';
import { GroupCommit } from '../../src/store/group-commit.js';

function batch(uptime: number): Batch {
  return batchOf({ uptime, series: [] });
}

/** Groups that were written, by the uptimes of their batches; each waits until it is let go. */
function controlled(): { commit: GroupCommit; groups: number[][]; settle: ((error?: Error) => void)[] } {
  const groups: number[][] = [];
  const settle: ((error?: Error) => void)[] = [];
  const commit = new GroupCommit((batches) => {
    groups.push(batches.map(({ clock }) => Number(clock.uptimeNs / 1_000_000_000n)));
    return new Promise((resolve, reject) => {
      settle.push((error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  });
  return { commit, groups, settle };
}

describe('group commit', () => {
  it('gathers what arrives while a group is being written', async () => {
    const { commit, groups, settle } = controlled();
    const first = commit.add([batch(1)]);
    const later = [commit.add([batch(2), batch(3)]), commit.add([batch(4)])];
    expect(groups).toEqual([[1]]);
    settle[0]?.();
    await first;
    await Promise.resolve();
    expect(groups).toEqual([[1], [2, 3, 4]]);
    settle[1]?.();
    await Promise.all(later);
    await commit.idle();
  });

  it('bounds a group by all the rows that its batches may make', async () => {
    const { commit, groups, settle } = controlled();
    const large = (uptime: number): Batch => ({
      ...batch(uptime),
      series: allocateSeries(300_000),
      latencies: allocateLatencies(300_000),
    });
    const added = [1, 2, 3].map((uptime) => commit.add([large(uptime)]));
    for (const [i, one] of added.entries()) {
      await expect.poll(() => groups.length).toBe(i + 1);
      settle[i]?.();
      await one;
    }
    expect(groups).toEqual([[1], [2], [3]]);
  });

  it('acknowledges nothing of a group that failed, and goes on with the next', async () => {
    const { commit, settle } = controlled();
    const first = commit.add([batch(1)]);
    const second = commit.add([batch(2)]);
    settle[0]?.(new StoreError('gone', true));
    await expect(first).rejects.toThrow('gone');
    settle[1]?.();
    await second;
  });

  it('writes what is added in the very moment in which a group ends', async () => {
    const { commit, groups, settle } = controlled();
    const chained = commit.add([batch(1)]).then(() => commit.add([batch(2)]));
    settle[0]?.();
    await expect.poll(() => groups).toEqual([[1], [2]]);
    settle[1]?.();
    await chained;
  });

  it('parts the entries of a group that was refused for good, so that the good ones are kept', async () => {
    const groups: number[][] = [];
    const commit = new GroupCommit((batches) => {
      const uptimes = batches.map(({ clock }) => Number(clock.uptimeNs / 1_000_000_000n));
      groups.push(uptimes);
      return uptimes.includes(3) ? Promise.reject(new StoreError('refused', false)) : Promise.resolve();
    });
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((uptime) => commit.add([batch(uptime)])));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(groups).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
  });
});
