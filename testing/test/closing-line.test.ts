/** The last line of a run of vitest, from which scripts/test.js takes what passed and what failed. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../src/directories.js';
import { REPOSITORY } from '../src/pages.js';

interface Run {
  /** Source of the one file with tests. */
  tests: string;
  /** Source of what vitest runs before it. */
  setup?: string;
  ci?: boolean;
}

/** Runs vitest in a directory of its own: its exit status, and the last line of its output. */
async function run({ tests, setup = 'export function setup() {}', ci = false }: Run) {
  const temporary = await temporaryDirectory();
  onTestFinished(() => temporary.remove());
  const { path } = temporary;
  const config = {
    test: {
      include: ['one.test.js'],
      globals: true,
      globalSetup: ['setup.js'],
      reporters: [join(REPOSITORY, 'scripts/closing-line.ts')],
    },
  };
  writeFileSync(join(path, 'vitest.config.js'), `export default ${JSON.stringify(config)};`);
  writeFileSync(join(path, 'setup.js'), setup);
  writeFileSync(join(path, 'one.test.js'), tests);
  const { status, stdout } = spawnSync(join(REPOSITORY, 'node_modules/.bin/vitest'), ['run', '--root', path], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], CI: String(ci) },
  });
  return { status, last: stdout.trimEnd().split('\n').at(-1) };
}

const PASSES = "it('passes', () => {});";
const IS_LEFT_OUT = "it.skip('is left out', () => {});";

it('tells what passed and what was left out', async () => {
  expect(await run({ tests: PASSES + IS_LEFT_OUT })).toEqual({ status: 0, last: '1 passed, 0 failed, 1 skipped' });
});

it('counts what was left out as failed where CI=true', async () => {
  expect(await run({ tests: PASSES + IS_LEFT_OUT, ci: true })).toEqual({ status: 1, last: '1 passed, 1 failed' });
});

it('counts each test that fails, once', async () => {
  const fails = "it('fails', () => expect(1).toBe(2));";
  expect(await run({ tests: PASSES + fails + fails })).toEqual({ status: 1, last: '1 passed, 2 failed' });
});

it('counts a file that cannot be loaded as failed', async () => {
  expect(await run({ tests: "throw new Error('broken');" })).toEqual({ status: 1, last: '0 passed, 1 failed' });
});

it('counts a run that could not start as failed', async () => {
  const setup = "export function setup() { throw new Error('refused'); }";
  expect(await run({ tests: PASSES, setup })).toEqual({ status: 1, last: '0 passed, 1 failed' });
});
