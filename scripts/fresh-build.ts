/**
 * Refuses to run tests where what is built is not of the code as it stands: tests that start a program would test another.
 * Each workspace that tsc builds has in its build information what it was built of.
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

/** Whether the page in `folder` is not of its sources. */
export function isStalePage(folder: string): boolean {
  const sources = ['index.html', 'vite.config.ts', 'src'].map((path) => join(folder, path));
  return isOlder(join(folder, 'dist', 'index.html'), sources);
}

/** Whether the runbooks that the collector of the repository `root` serves are not of docs/runbooks. */
export function areStaleRunbooks(root: string): boolean {
  const sources = ['docs/runbooks', 'collector/build-runbooks.js'].map((path) => join(root, path));
  return isOlder(join(root, 'collector/dist/runbooks'), sources);
}

/**
 * Whether one of the sources, each a file or a folder with all that is in it, was changed after `built`, or that is not
 * there. Neither Vite nor the renderer keeps build information, but times tell.
 */
function isOlder(built: string, sources: readonly string[]): boolean {
  if (!existsSync(built)) return true;
  const { mtimeMs } = statSync(built);
  const within = (path: string) =>
    statSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
  return sources
    .flatMap((path) => [path, ...within(path).map((name) => join(path, name))])
    .some((path) => statSync(path).mtimeMs > mtimeMs);
}

export function setup(): void {
  const stale = staleWorkspaces(REPOSITORY);
  if (isStalePage(join(REPOSITORY, 'page'))) stale.push('page');
  if (areStaleRunbooks(REPOSITORY)) stale.push('docs/runbooks');
  if (stale.length === 0) return;
  throw new Error(`what is built of ${stale.join(', ')} is not of the sources as they are: run \`npm run build\``);
}
