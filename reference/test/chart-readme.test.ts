import { expect, it } from 'vitest';
import { valueRows } from '../src/index.js';

it('has a row for each described value of values.yaml, and refuses one that is not described', () => {
  expect(() => valueRows('a: {b: 1}')).toThrow('a.b has no description');
  expect(valueRows('# Of a.\na:\n  # -- Means b.\n  b: 1\n# -- Means c,\n# and more.\nc: {d: 2}')).toEqual([
    { path: 'a.b', fallback: 1, description: 'Means b.' },
    { path: 'c', fallback: { d: 2 }, description: 'Means c, and more.' },
  ]);
});
