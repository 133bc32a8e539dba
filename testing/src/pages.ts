/**
 * The commands of the documentation for the tests that run them, each in the place that its mark names (see
 * commands.ts). The shells of a page are joined: what one block sets, the next has.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandsOf } from './commands.js';
import type { Commands } from './commands.js';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** Where commands are run, and by which file. */
export const PLACES = {
  'a fresh clone': 'deploy/test/clone.guides.test.ts',
  'a built clone': 'deploy/test/clone.guides.test.ts',
  'a fleet': 'deploy/test/fleet.guides.test.ts',
  Alertmanager: 'collector/test/prometheus/guide.prometheus.test.ts',
  'a broker': 'kafka/test/security.kafka.test.ts',
  'a cluster': 'helm/test/install.cluster.test.ts',
  'a KVM host': 'lab/src/runbooks.ts',
} as const;
export type Place = keyof typeof PLACES;

/** Paths below the repository, of those that git has or would have. */
export function files(...patterns: readonly string[]): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', ...patterns];
  return execFileSync('git', args, { cwd: REPOSITORY, encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '');
}

export function commandsIn(page: string): Commands[] {
  return commandsOf(readFileSync(join(REPOSITORY, page), 'utf8'));
}

/** Every page that has commands for a place, with those. */
export function commandsFor(place: Place): { page: string; commands: Commands[] }[] {
  return files('*.md')
    .map((page) => ({ page, commands: commandsIn(page).filter((one) => one.place === place) }))
    .filter(({ commands }) => commands.length > 0);
}

/** All of a page in one shell, which ends at the first that fails, and says each line before it is run. */
export function scriptOf(commands: readonly Commands[]): string {
  return ['set -euxo pipefail', ...commands.map(({ script }) => script)].join('\n');
}
