import { expect, it } from 'vitest';
import { judgeMemory } from '../src/memory.js';

const MIB = 1024 * 1024;

function life(life: number, seconds: number, mibAt: (second: number) => number) {
  return Array.from({ length: seconds }, (_, s) => ({ process: 'c', life, ageMs: s * 1000, bytes: mibAt(s) * MIB }));
}

it('takes what grows while it warms up for flat', () => {
  const samples = life(1, 90, (s) => (s < 25 ? 50 + 10 * s : 300 + (s % 7)));
  expect(judgeMemory(samples)).toMatchObject({ process: 'c', isFlat: true });
});

it('notices what goes on to grow', () => {
  const verdict = judgeMemory(life(1, 90, (s) => 100 + 5 * s));
  expect(verdict?.isFlat).toBe(false);
  expect(verdict?.lateBytes).toBeGreaterThan(verdict?.earlyBytes ?? Infinity);
});

it('judges the longest life alone', () => {
  const samples = [...life(1, 30, (s) => 100 + 50 * s), ...life(2, 60, () => 100)];
  expect(judgeMemory(samples)).toMatchObject({ livedMs: 59_000, isFlat: true });
});

it('does not judge what it saw too little of', () => {
  expect(judgeMemory(life(1, 15, () => 100))).toBeUndefined();
  expect(judgeMemory([])).toBeUndefined();
});
