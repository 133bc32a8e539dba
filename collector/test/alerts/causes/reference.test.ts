/** The page that explains the causes and the tables that give them say the same. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { CAUSES } from '../../../src/alerts/causes/index.js';

const page = fileURLToPath(new URL('../../../../docs/reference/causes.md', import.meta.url));
/** Each section of one cause, in one line. */
const sections = new Map(
  (await readFile(page, 'utf8')).split(/^(?=#)/m).flatMap((section) => {
    const code = /^### `(.*)`$/m.exec(section)?.[1];
    return code ? [[code, section.replaceAll('`', '').replace(/\s+/g, ' ')] as const] : [];
  }),
);
/** Those of both alerts about a VM are the same. */
const rows = Object.entries(CAUSES).flatMap(([alert, causes]) => (alert === 'TceNeverAccelerated' ? [] : causes));

it('has a section for each cause, in their order, and none besides', () => {
  expect([...sections.keys()]).toEqual(rows.map(({ code }) => code));
});

it.each(rows.map((row) => [row.code, row] as const))('says of %s what the table says', (code, row) => {
  const section = sections.get(code) ?? '';
  expect(section).toContain(`**FallbackEvidence by:** ${row.knownBy.replaceAll('`', '')} (${row.confidence}).`);
  expect(section).toContain(`${row.summary} `);
  expect(section).toContain(`**What to do:** ${row.advice} `);
});

it('names every cause once', () => {
  expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length);
});
