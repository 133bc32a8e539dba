import { groupBy } from '@tcewatch/common';
import { afterEach, expect, it } from 'vitest';
import { HEADERS } from '../src/intake/kafka/dead-letters.js';
import { byTopic } from '../src/intake/kafka/redrive.js';

const iterator = Array.prototype[Symbol.iterator];
afterEach(() => {
  Array.prototype[Symbol.iterator] = iterator;
});

/** Counts the elements of arrays that `work` goes over: what is copied again and again counts again and again. */
function visitsOf(work: () => void): number {
  let visits = 0;
  Array.prototype[Symbol.iterator] = function* <T>(this: T[]) {
    for (let i = 0; i < this.length; i++) {
      visits++;
      yield this[i] as T;
    }
  } as unknown as typeof iterator;
  try {
    work();
  } finally {
    Array.prototype[Symbol.iterator] = iterator;
  }
  return visits;
}

it('keeps the order of keys and of their items', () => {
  expect([...groupBy(['b1', 'a1', 'b2', 'a2'], (word) => word[0])]).toEqual([
    ['b', ['b1', 'b2']],
    ['a', ['a1', 'a2']],
  ]);
});

it('goes over the dead letters of a batch as often as there are steps, not once for each letter', () => {
  const topic = Buffer.from('tcewatch.batches');
  const records = Array.from({ length: 2000 }, (_, i) => ({
    key: Buffer.from('host'),
    value: Buffer.from('batch'),
    headers: { [HEADERS.topic]: topic },
    offset: BigInt(i),
    timestampMs: 0,
  }));
  let topics = new Map<string, unknown[]>();
  const visits = visitsOf(() => (topics = byTopic(records, 'other')));
  expect(topics.get('tcewatch.batches')).toHaveLength(records.length);
  expect(visits).toBeLessThanOrEqual(4 * records.length);
});

it('counts copies of a growing array', () => {
  const grow = (): number[] => Array.from({ length: 100 }).reduce<number[]>((all, _, i) => [...all, i], []);
  expect(visitsOf(grow)).toBe(4950);
});
