/**
 * Refuses to run tests where what is built is not of the code as it stands: tests that start a program would test another.
 * Each workspace that is built has in its build information what it was built of.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
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

export function setup(): void {
  const stale = staleWorkspaces(REPOSITORY);
  if (stale.length === 0) return;
  throw new Error(`what is built of ${stale.join(', ')} is not of the sources as they are: run \`npm run build\``);
}
