import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ThinningQueue } from '../../src/outbox/queue.js';
import type { Queued } from '../../src/outbox/queue.js';

const ONE = { batches: 1, bytes: Infinity };
let sequence = 0;
interface Numbered extends Queued {
  sequence: number;
}
const batch = (takenMs: number, epoch = 'a', size = 10): Numbered => ({ epoch, takenMs, size, sequence: ++sequence });

/** Takes everything out, oldest first. */
function empty(queue: ThinningQueue<Numbered>): Numbered[] {
  const all: Numbered[] = [];
  for (let { oldest } = queue; oldest; { oldest } = queue) {
    all.push(oldest);
    queue.remove(oldest);
  }
  return all;
}

const times = (queue: ThinningQueue<Numbered>) => empty(queue).map((b) => b.takenMs);

describe('ThinningQueue', () => {
  it('gives batches back in the order in which they came', () => {
    const queue = new ThinningQueue<Numbered>({ batches: 3, bytes: 1000 });
    [1, 2, 3].forEach((t) => {
      queue.push(batch(t));
    });
    expect(queue.bytes).toBe(30);
    expect(times(queue)).toEqual([1, 2, 3]);
    expect(queue.bytes).toBe(0);
  });

  it('gives as many of the oldest as are within limits, and the very oldest whatever its size', () => {
    const queue = new ThinningQueue<Numbered>({ batches: 10, bytes: 1000 });
    expect(queue.first(ONE)).toEqual([]);
    [50, 10, 10, 10].forEach((size, t) => {
      queue.push(batch(t, 'a', size));
    });
    const given = (batches: number, bytes: number) => queue.first({ batches, bytes }).map((b) => b.takenMs);
    expect(given(10, 1000)).toEqual([0, 1, 2, 3]);
    expect(given(2, 1000)).toEqual([0, 1]);
    expect(given(10, 69)).toEqual([0, 1]);
    expect(given(10, 70)).toEqual([0, 1, 2]);
    expect(given(10, 20)).toEqual([0]);
  });

  it('thins where the gap that it leaves is smallest', () => {
    const queue = new ThinningQueue<Numbered>({ batches: 4, bytes: 1000 });
    [0, 10, 12, 30, 50].forEach((t) => {
      queue.push(batch(t));
    });
    expect(queue.thinned).toBe(1);
    expect(times(queue)).toEqual([0, 12, 30, 50]);
  });

  it('keeps a long outage spread over its whole length', () => {
    const queue = new ThinningQueue<Numbered>({ batches: 10, bytes: 1000 });
    for (let t = 0; t < 1000; t++) queue.push(batch(t));
    const kept = times(queue);
    expect(kept[0]).toBe(0);
    expect(kept.at(-1)).toBe(999);
    // No half of the outage holds fewer than three of the ten.
    expect(kept.filter((t) => t < 500).length).toBeGreaterThanOrEqual(3);
    expect(kept.filter((t) => t >= 500).length).toBeGreaterThanOrEqual(3);
  });

  it('never thins the last batch of an epoch, nor the newest', () => {
    const queue = new ThinningQueue<Numbered>({ batches: 3, bytes: 1000 });
    queue.push(batch(1, 'a'));
    const lastOfA = batch(2, 'a');
    queue.push(lastOfA);
    for (let t = 3; t < 20; t++) queue.push(batch(t, 'b'));
    const kept = empty(queue);
    expect(kept).toContain(lastOfA);
    expect(kept.at(-1)?.takenMs).toBe(19);
    expect(queue.discarded).toBe(0);
  });

  it('stays within its bytes, but keeps the newest whatever its size', () => {
    const queue = new ThinningQueue<Numbered>({ batches: 100, bytes: 50 });
    for (let t = 0; t < 10; t++) queue.push(batch(t, 'a', 20));
    expect(queue.bytes).toBe(40);
    queue.push(batch(10, 'a', 500));
    expect(times(queue)).toEqual([10]);
  });

  it('says discarded, not thinned, when it holds nothing but last batches', () => {
    const queue = new ThinningQueue<Numbered>({ batches: 2, bytes: 1000 });
    ['a', 'b', 'c'].forEach((epoch, t) => {
      queue.push(batch(t, epoch));
    });
    expect([queue.thinned, queue.discarded]).toEqual([0, 1]);
    expect(times(queue)).toEqual([1, 2]);
  });

  it('leaves one out that is asked for by itself', () => {
    const queue = new ThinningQueue<Numbered>({ batches: 10, bytes: 1000 });
    const all = [0, 1, 2].map((t) => batch(t));
    for (const one of all) queue.push(one);
    expect(queue.first({ batches: 2, bytes: 1000 }, all[0]).map((b) => b.takenMs)).toEqual([1, 2]);
    expect(queue.first({ batches: 5, bytes: 1000 }, all[2]).map((b) => b.takenMs)).toEqual([0, 1]);
  });

  it('takes older ones in before those that wait, and thins them all', () => {
    const queue = new ThinningQueue<Numbered>({ batches: 4, bytes: 1000 });
    queue.push(batch(100, 'b'));
    const dropped = queue.unshift([0, 10, 12, 30].map((t) => batch(t)));
    expect(dropped.map((b) => b.takenMs)).toEqual([10]);
    expect(times(queue)).toEqual([0, 12, 30, 100]);
  });

  it('has no room for a batch that would thin', () => {
    const queue = new ThinningQueue<Numbered>({ batches: 3, bytes: 25 });
    expect(queue.hasRoom).toBe(true);
    queue.push(batch(0));
    expect(queue.hasRoom).toBe(true);
    queue.push(batch(1));
    expect(queue.hasRoom).toBe(false);
  });

  it('loses no epoch and no order, whatever comes, when there are fewer epochs than places', () => {
    const history = fc.array(fc.record({ step: fc.nat(50), size: fc.integer({ min: 1, max: 9 }) }), { minLength: 1 });
    fc.assert(
      fc.property(history, fc.integer({ min: 4, max: 12 }), (steps, batches) => {
        const queue = new ThinningQueue<Numbered>({ batches, bytes: 1_000_000 });
        const last = new Map<string, Numbered>();
        let takenMs = 0;
        steps.forEach(({ step, size }, i) => {
          takenMs += step;
          const next = batch(takenMs, `epoch ${Math.floor((i * 3) / steps.length)}`, size);
          last.set(next.epoch, next);
          queue.push(next);
          expect(queue.length).toBeLessThanOrEqual(batches);
        });
        const { thinned } = queue;
        const kept = empty(queue);
        expect(kept.length + thinned).toBe(steps.length);
        expect(kept).toEqual(expect.arrayContaining([...last.values()]));
        expect(kept.map((b) => b.sequence)).toEqual(kept.map((b) => b.sequence).sort((a, b) => a - b));
      }),
    );
  });
});
