/** The table of error codes and what uses it: that a code in use is in the table, the compiler says. */
import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERRORS } from '../src/errors.js';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const sources = ['collector/src/', 'protocol/src/', 'kafka/src/'].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !(folder === 'collector/src/' && name === 'errors.ts'))
    .map((name) => read(folder + name)),
);
const codes = Object.keys(ERRORS);

it.each(codes)('has no code that nothing says: %s', (code) => {
  const words = [`'${code}'`, `${code}: [`];
  expect(sources.some((text) => words.some((word) => text.includes(word)))).toBe(true);
});

it.each(Object.entries(ERRORS))('has a sentence and a remedy for %s', (code, { meaning, remedy }) => {
  expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  expect([meaning, remedy]).toEqual([expect.stringMatching(/^[A-Z].*\.$/), expect.stringMatching(/^[A-Z].*\.$/)]);
});

it.each([
  ['docs/reference/http-api.md', /^\| \d{3} +\| (.*?) +\|/gm],
  ['docs/guides/clickhouse.md', /^\| (`[a-z-]+`) +\| [^|]+ \| (?:at once|by senders|never) +\|/gm],
])('has the codes that the pages list: %s', (page, row) => {
  const listed = [...read(page).matchAll(row)].flatMap(([, cell = '']) => cell.replaceAll('`', '').split(', '));
  expect(listed.length).toBeGreaterThan(8);
  expect(codes).toEqual(expect.arrayContaining(listed));
});
