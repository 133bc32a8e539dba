/** What the lab can be asked for. */
import { expect, it } from 'vitest';
import { parseOptions } from '../src/options.js';

const parse = (...words: string[]) => parseOptions(['node', 'lab', ...words]);

it.each([
  [[], { command: 'run', scenario: 'full', suite: 'any', shell: false, keep: false }],
  [['--smoke'], { command: 'run', scenario: 'smoke', suite: 'any', shell: false, keep: false }],
  [['--scenario', 'adverse', '--keep'], { command: 'run', scenario: 'adverse', keep: true }],
  [['--scenario', 'image'], { command: 'run', scenario: 'image' }],
  [['build', '--suite', 'sid'], { command: 'build', suite: 'sid' }],
])('understands %j', (words, wanted) => {
  expect(parse(...words)).toMatchObject(wanted);
});
