#!/usr/bin/env node
/**
 * Tells which dependencies are not the newest, and by which reason. Fails where there is none: then raise them, or write
 * the reason here.
 */
import { spawnSync } from 'node:child_process';

/** @type {Readonly<Record<string, string>>} */
const HELD_BACK = {
  '@types/node': 'is of Node 20, the oldest that the programs run on',
};

const args = ['outdated', '--json', '--workspaces', '--include-workspace-root'];
const { stdout } = spawnSync('npm', args, { encoding: 'utf8' });
/** @type {[string, { current: string, latest: string } | { current: string, latest: string }[]][]} */
const found = Object.entries(JSON.parse(stdout || '{}'));
for (const [name, dependents] of found) {
  const { current, latest } = /** @type {{ current: string, latest: string }} */ ([dependents].flat()[0]);
  if (current.replace(/^v/, '') === latest) continue;
  const reason = HELD_BACK[name];
  console.log(`${name} ${current}, newest ${latest}: ${reason ?? 'nothing holds it back'}`);
  if (reason === undefined) process.exitCode = 1;
}
