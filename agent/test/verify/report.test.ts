import { expect, it } from 'vitest';
import type { Comparison } from '../../src/verify/compare.js';
import { verifyReport } from '../../src/verify/report.js';

const punted: Comparison = { counter: 'punted', calls: 0, compared: 0, differences: [] };

it('says that the two agree, and of how many calls that is known', () => {
  const entered: Comparison = { counter: 'entered', calls: 1250, compared: 1200, differences: [] };
  expect(verifyReport([entered, punted])).toEqual({
    text:
      'entered: 1,200 calls compared: equal to the call; 50 more at the borders, within what the readings allow\n' +
      'punted: 0 calls compared: not compared\n',
    failure: undefined,
  });
});

it('says in which cells they differ, and by how much', () => {
  const differences = [{ cell: 'entered by thread 7: H_PUT_TCE on 0x80000000', calls: -2 }];
  const { text, failure } = verifyReport([{ counter: 'entered', calls: 9, compared: 9, differences }, punted]);
  expect(text).toContain('entered: 9 calls compared: NOT EQUAL\n');
  expect(text).toContain('  entered by thread 7: H_PUT_TCE on 0x80000000: the histogram has 2 fewer than the ring\n');
  expect(failure).toMatch(/differ in 1 cells/);
});

it('does not take nothing for agreement', () => {
  expect(verifyReport([{ ...punted, counter: 'entered' }, punted]).failure).toMatch(/^no TCE hypercall was made/);
  const busy: Comparison = { counter: 'entered', calls: 5, compared: 0, differences: [] };
  expect(verifyReport([busy, punted]).failure).toMatch(/^no thread paused/);
});
