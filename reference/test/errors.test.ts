import { ERRORS as COLLECTOR_ERRORS } from '@tcewatch/collector';
import { expect, it } from 'vitest';
import { errorTable } from '../src/errors.js';

it('has a row for each code, with what it means and what to do', () => {
  const table = errorTable({
    late: { meaning: 'a | b.', remedy: 'Wait.' },
    early: { meaning: 'c.', remedy: 'Go on.' },
  });
  expect(table.split('\n').slice(2)).toEqual(['| `early` | c. | Go on. |', '| `late` | a \\| b. | Wait. |']);
});

it.each([['collector', COLLECTOR_ERRORS]])('tells of each code of the %s in whole sentences', (_, errors) => {
  expect(Object.keys(errors)).not.toEqual([]);
  for (const [code, { meaning, remedy }] of Object.entries(errors)) {
    expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    for (const text of [meaning, remedy]) expect(text).toMatch(/^[A-Z`].*\.$/);
  }
});
