/** One answer for many who ask: never two questions for one moment, and never an answer from before a change. */
import { expect, it } from 'vitest';
import { SingleFlight } from '../../src/api/single-flight.js';

function asking() {
  let clock = 0;
  const waiting: { resolve: (answer: number) => void; reject: (error: Error) => void }[] = [];
  const shared = new SingleFlight(() => new Promise<number>((resolve, reject) => waiting.push({ resolve, reject })), {
    maxAgeMs: 100,
    now: () => clock,
  });
  return {
    shared,
    waiting,
    later: (ms: number) => {
      clock += ms;
    },
  };
}

it('asks once for all who ask while it waits and shortly after', async () => {
  const { shared, waiting, later } = asking();
  const asked = [shared.get(), shared.get()];
  // However long that takes, a second question would only make it longer.
  later(1000);
  asked.push(shared.get());
  expect(waiting).toHaveLength(1);
  waiting[0]?.resolve(7);
  expect(await Promise.all(asked)).toEqual([7, 7, 7]);
  // It is of when it was asked.
  void shared.get();
  expect(waiting).toHaveLength(2);
  waiting[1]?.resolve(8);
  later(99);
  expect(await shared.get()).toBe(8);
  expect(waiting).toHaveLength(2);
});

it('asks anew after a change, of those who ask then', async () => {
  const { shared, waiting } = asking();
  const before = shared.get();
  shared.drop();
  const after = shared.get();
  expect(waiting).toHaveLength(2);
  waiting[1]?.resolve(2);
  waiting[0]?.resolve(1);
  expect([await before, await after, await shared.get()]).toEqual([1, 2, 2]);
});

it('asks anew after a failure, which all learn who waited', async () => {
  const { shared, waiting } = asking();
  const asked = [shared.get(), shared.get()];
  waiting[0]?.reject(new Error('no'));
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const again = shared.get();
  waiting[1]?.resolve(3);
  expect(await again).toBe(3);
});
