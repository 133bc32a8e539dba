/**
 * Refuses to run tests where what is built is not of the code as it stands: tests that start a program would test another.
 * Each workspace that is built has in its build information what it was built of.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** Folders of the workspaces below `root` whose `dist` is not there, or not of their sources. */
export function staleWorkspaces(root: string): string[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [TSC, '-b', '--dry'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`tsc -b --dry failed:\n${stdout}${stderr}`);
  return [
    ...stdout.matchAll(
      /would (?:build|update timestamps for output of) project '(?:[^']*\/)?([^/']+)\/tsconfig\.json'/g,
    ),
  ].map(([, workspace]) => workspace ?? '');
}

/** Whether the page in `folder` is not of its sources: Vite keeps no build information, but times tell. */
export function isStalePage(folder: string): boolean {
  const built = join(folder, 'dist', 'index.html');
  if (!existsSync(built)) return true;
  const changed = (path: string) => statSync(path).mtimeMs > statSync(built).mtimeMs;
  const sources = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' });
  return ['index.html', 'vite.config.ts', ...sources.map((file) => join('src', file))].some((file) =>
    changed(join(folder, file)),
  );
}

export function setup(): void {
  const stale = staleWorkspaces(REPOSITORY);
  if (isStalePage(join(REPOSITORY, 'page'))) stale.push('page');
  if (stale.length === 0) return;
  throw new Error(`what is built of ${stale.join(', ')} is not of the sources as they are: run \`npm run build\``);
}
