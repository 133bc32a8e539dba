/** Every command of the documentation is run by a test, or the page says why not: testing/src/pages.ts. */
import { readFileSync } from 'node:fs';
import { commandsOf } from '@tcewatch/testing/commands';
import { PLACES, REPOSITORY, commandsFor, commandsIn, files } from '@tcewatch/testing/pages';
import type { Place } from '@tcewatch/testing/pages';
import { expect, it } from 'vitest';

it.each(files('*.md'))('%s says of each block of commands where tests run it, or why not', (page) => {
  const places: readonly string[] = Object.keys(PLACES);
  const wrong = commandsIn(page).filter(
    ({ place, reason }) => (place === undefined && reason === undefined) || (place && !places.includes(place)),
  );
  expect(wrong.map(({ line, place }) => `${page}:${line}: ${place ?? 'no comment before it'}`)).toEqual([]);
});

it.each(Object.entries(PLACES))('the commands for %s are run by %s', (place, test) => {
  expect(readFileSync(REPOSITORY + test, 'utf8').includes(`'${place}'`), test).toBe(true);
  expect(commandsFor(place as Place)).not.toEqual([]);
});

it('sees a block without a comment, and what a comment says', () => {
  const page = ['# Page', '', '```sh', 'one', '```', '', '- item', '', '  <!-- run in tests: a fleet -->', ''];
  const more = [
    '  ```sh',
    '  two',
    '  three',
    '  ```',
    '',
    '<!-- not run in tests: no -->',
    '',
    '```sh',
    'four',
    '```',
  ];
  expect(commandsOf([...page, ...more].join('\n'))).toEqual([
    { line: 4, script: 'one\n', place: undefined, reason: undefined },
    { line: 12, script: '  two\n  three\n', place: 'a fleet', reason: undefined },
    { line: 19, script: 'four\n', place: undefined, reason: 'no' },
  ]);
});
