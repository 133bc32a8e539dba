/** Every test is of one stage, whose name says what it needs; CONTRIBUTING.md tells of the stages what they are. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LONG_STAGES, QUICK, STAGES } from '../../scripts/stages.js';
import type { Stage } from '../../scripts/stages.js';
import { REPOSITORY, files } from '../src/pages.js';

const everyStage: readonly Stage[] = [QUICK, ...STAGES, ...LONG_STAGES];
const tests = files('*.test.ts');

/** `kafka` of `topics.kafka.test.ts`; a name may have dots that are followed by no letter, as in `real-mode-5.10`. */
const stageOf = (file: string) => /\.([a-z][a-z-]*)\.test\.ts$/.exec(file)?.[1] ?? QUICK.name;

it('has each test file in one stage, where vitest looks for it', () => {
  const withFiles = new Set([QUICK, ...STAGES].map(({ name }) => name));
  expect(tests.filter((file) => !withFiles.has(stageOf(file)))).toEqual([]);
  expect(tests.filter((file) => !/^[a-z]+\/test\//.test(file))).toEqual([]);
});

it('has tests in each stage', () => {
  const used = new Set(tests.map(stageOf));
  expect(STAGES.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
});

it('has each stage once', () => {
  const names = everyStage.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

it.each([...STAGES, ...LONG_STAGES].map(({ name }) => name))('can say what the stage %s installs', (name) => {
  const { status, stderr } = spawnSync('scripts/set-up.sh', ['list', name], { cwd: REPOSITORY, encoding: 'utf8' });
  if (status !== 0) expect(stderr).toMatch(new RegExp(`^the stage ${name} cannot run here: it needs `));
});

it('tells of each stage in CONTRIBUTING.md what the table has', () => {
  const page = readFileSync(join(REPOSITORY, 'CONTRIBUTING.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` +\|(.*)\|$/gm)]
    .map(([, name = '', cells = '']) => [name, ...cells.split('|').map((cell) => cell.trim())])
    .filter(([name]) => everyStage.some((stage) => stage.name === name));
  expect(rows).toEqual(
    everyStage.map(({ name, needs, cold, warm, capMinutes }) => [name, needs, cold, warm, `${capMinutes} min`]),
  );
});
