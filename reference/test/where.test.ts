/** What CONTRIBUTING.md and docs/architecture.md say of the code: symbols are where they are said to be, folders are there. */
import { existsSync, readFileSync } from 'node:fs';
import { files } from '@tcewatch/testing/pages';
import { describe, expect, it } from 'vitest';
import { fileOf } from '../src/index.js';

const read = (path: string): string => readFileSync(fileOf(path), 'utf8');

describe('"Where is what" in CONTRIBUTING.md', () => {
  const rows = [...read('CONTRIBUTING.md').matchAll(/^\| (where .*?) +\| `(\S+)` +\| `(\w+)` +\|$/gm)];

  it.each(rows.map(([, question, file, symbol]) => [question, file, symbol] as [string, string, string]))(
    'knows %s',
    (_, file, symbol) => {
      const exported = new RegExp(`^export (?:abstract |async )?(?:function|class|const|interface) ${symbol}\\b`, 'm');
      expect(read(file)).toMatch(exported);
    },
  );

  it('answers what newcomers ask', () => {
    const questions = rows.map(([, question]) => question);
    for (const asked of [
      'where a punt is counted',
      'where an alert decides to fire',
      'where its words come from',
      'where a row is encoded',
      'where a new notifier goes',
      'where a Helm value is checked',
      'where the outbox decides what to drop',
      'where a VM gets its name',
      'where a mode gets its evidence',
      'where a Kafka record becomes a batch',
    ]) {
      expect(questions).toContain(asked);
    }
  });
});

describe('the tables of folders in docs/architecture.md', () => {
  const page = read('docs/architecture.md');

  it.each(['agent', 'collector'])('name the folders of %s/src, and no other', (program) => {
    const table = page.split(`| folder of \`${program}/src\``)[1]?.split('\n\n')[0] ?? '';
    const named = [...table.matchAll(/`([a-z-/]+)\/`/g)].map(([, folder = '']) => folder);
    expect(named.filter((folder) => !existsSync(fileOf(`${program}/src/${folder}`)))).toEqual([]);
    // Of git's files: a folder that was left empty by a move is none.
    const there = new Set(files(`${program}/src/*/*`).map((path) => path.split('/')[2] ?? ''));
    expect(there.size).toBeGreaterThan(0);
    expect([...there].filter((name) => !named.includes(name))).toEqual([]);
  });

  it('name every workspace', () => {
    const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] };
    expect(workspaces.filter((name) => !page.includes(`| \`${name}/\``))).toEqual([]);
  });
});
