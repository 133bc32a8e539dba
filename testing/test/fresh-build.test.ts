/** What is built of other sources than those that are there is refused, before a test starts it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { areStaleRunbooks, isStalePage, staleWorkspaces } from '../../scripts/fresh-build.js';
import { temporaryDirectory } from '../src/directories.js';

const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

async function directory(): Promise<string> {
  const temporary = await temporaryDirectory();
  onTestFinished(() => temporary.remove());
  return temporary.path;
}

it('tells which workspaces were not built of their sources', async () => {
  const root = await directory();
  const options = { composite: true, rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/.tsbuildinfo', types: [] };
  for (const name of ['one', 'two']) {
    mkdirSync(join(root, name, 'src'), { recursive: true });
    writeFileSync(join(root, name, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['src'] }));
    writeFileSync(join(root, name, 'src/index.ts'), 'export const value = 1;\n');
  }
  const references = ['one', 'two'].map((path) => ({ path }));
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify({ files: [], references }));

  expect(staleWorkspaces(root)).toEqual(['one', 'two']);
  execFileSync(process.execPath, [TSC, '-b'], { cwd: root });
  expect(staleWorkspaces(root)).toEqual([]);
  writeFileSync(join(root, 'two/src/index.ts'), 'export const value = 2;\n');
  expect(staleWorkspaces(root)).toEqual(['two']);
});

it('tells that the page was not built of its sources', async () => {
  const page = await directory();
  mkdirSync(join(page, 'src/views'), { recursive: true });
  for (const file of ['index.html', 'vite.config.ts', 'src/views/fleet.tsx']) writeFileSync(join(page, file), '');
  expect(isStalePage(page)).toBe(true);
  mkdirSync(join(page, 'dist'));
  writeFileSync(join(page, 'dist/index.html'), '');
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(page, 'dist/index.html'), later, later);
  expect(isStalePage(page)).toBe(false);
  const latest = new Date(Date.now() + 120_000);
  utimesSync(join(page, 'src/views/fleet.tsx'), latest, latest);
  expect(isStalePage(page)).toBe(true);
});

it('tells that the runbooks were not rendered from their sources', async () => {
  const root = await directory();
  for (const folder of ['docs/runbooks', 'collector']) mkdirSync(join(root, folder), { recursive: true });
  for (const file of ['docs/runbooks/one.md', 'collector/build-runbooks.js']) writeFileSync(join(root, file), '');
  expect(areStaleRunbooks(root)).toBe(true);
  const built = join(root, 'collector/dist/runbooks');
  mkdirSync(built, { recursive: true });
  const later = new Date(Date.now() + 60_000);
  utimesSync(built, later, later);
  expect(areStaleRunbooks(root)).toBe(false);
  const latest = new Date(Date.now() + 120_000);
  utimesSync(join(root, 'docs/runbooks/one.md'), latest, latest);
  expect(areStaleRunbooks(root)).toBe(true);
});
