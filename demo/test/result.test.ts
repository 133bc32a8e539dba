import { expect, it } from 'vitest';
import type { AccountAnswer, CountsAnswer } from '../src/api.js';
import { report } from '../src/report.js';
import { toResult } from '../src/result.js';

const BOOKS: AccountAnswer[] = [
  { counter: 'entered', seen: 10, stored: 9, lost: 1 },
  { counter: 'punted', seen: 4, stored: 4, lost: 0 },
];

function life(calls: number | null): CountsAnswer {
  return {
    vm: 'a',
    hypercalls: [
      {
        hypercall: 'H_STUFF_TCE',
        entries: calls === null ? null : calls * 16,
        modes: [
          { mode: 'real', calls, entries: null, evidence: calls === null ? 'unobservable' : 'absent', reason: 'r' },
        ],
      },
    ],
  };
}

it('adds up the lives of a VM, and does not add to what cannot be known', () => {
  expect(toResult(BOOKS, [life(2), life(3)], []).totals[0]).toMatchObject({ calls: 5, evidence: 'absent' });
  const unknown = toResult(BOOKS, [life(2), life(null)], []);
  expect(unknown.totals[0]).toMatchObject({ calls: null, evidence: 'unobservable' });
  expect(unknown.entries).toEqual([{ vm: 'a', hypercall: 'H_STUFF_TCE', entries: null }]);
  expect(report(unknown, [], [])).toContain('unobservable');
});

it('says so when the books do not balance', () => {
  expect(toResult(BOOKS, [], []).balanced).toBe(true);
  const short = toResult([BOOKS[0]!, { ...BOOKS[1]!, stored: 3 }], [], []);
  expect(short.balanced).toBe(false);
  expect(report(short, [], [])).toContain('seen 4 ≠ stored 3 + lost 0');
});
