/** The commands of the guides, one page after the other, in a clone of the repository on a copy of this machine. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY, commandsFor, files, scriptOf } from '@tcewatch/testing/pages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { has, must } from './tools.js';

const canCopy = has('unshare', 'ip', 'curl', 'dpkg', 'go') && process.getuid?.() === 0;

/** What each page has its reader see. */
const SEEN: Readonly<Record<string, readonly RegExp[]>> = {
  'README.md': [
    /FIRING +TceAccelerationLost hot/,
    /seen 280,091 = stored 280,091 \+ lost 0/,
    /Usage: tcewatch-agent run/,
  ],
  'docs/guides/install-systemd.md': [/Setting up tcewatch-agent:ppc64el \(0\.1\.0\)/, /^ok$/m],
  'docs/guides/prometheus.md': [/SUCCESS: \d+ rules found/],
  'docs/guides/sizing.md': [/bytes of disk for a row/],
  'docs/guides/trial.md': [/280,091/, /"name":"hot"/, /hot\t30871/],
};

function run(directory: string, script: string, env: NodeJS.ProcessEnv, alone: readonly string[] = []): string {
  const throwaway = join(REPOSITORY, 'deploy/test/throwaway.sh');
  const options = { input: script, encoding: 'utf8', env, maxBuffer: 2 ** 28 } as const;
  const { status, stdout, stderr } = spawnSync(throwaway, [directory, ...alone], options);
  expect(status, `${stdout.slice(-4000)}\n${stderr.slice(-4000)}`).toBe(0);
  return stdout + stderr;
}

describe.skipIf(!canCopy)('on a copy of this machine', () => {
  // What the tests themselves were started with is no setting of the reader's.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^(npm_|VITEST|NODE_|TCEWATCH_)/.test(key)),
  );

  it.each(commandsFor('a built clone'))('$page has commands that do in a built clone what it says', (of) => {
    const said = run(REPOSITORY, scriptOf(of.commands), env, ['--alone']);
    for (const seen of SEEN[of.page] ?? [/^there is nothing to see$/]) expect(said).toMatch(seen);
  });

  describe('in a fresh clone', () => {
    let clone: string;
    beforeAll(() => {
      clone = mkdtempSync(join(tmpdir(), 'tcewatch-clone-'));
      for (const path of files()) cpSync(join(REPOSITORY, path), join(clone, path));
    });
    afterAll(() => {
      rmSync(clone, { recursive: true });
    });

    it.each(commandsFor('a fresh clone'))('$page has commands that do what it says', (of) => {
      const PATH = `${must('deploy/test/nfpm.sh', []).trim()}:${env['PATH'] ?? ''}`;
      // The packages of the guide are for POWER hosts, whose Node dpkg cannot know of here, nor run their scripts as root.
      const dpkg = 'printf "%s\\n" force-architecture force-depends >/etc/dpkg/dpkg.cfg.d/foreign';
      const said = run(clone, `${dpkg}\n${scriptOf(of.commands)}`, { ...env, PATH });
      for (const seen of SEEN[of.page] ?? [/^there is nothing to see$/]) expect(said).toMatch(seen);
    });
  });
});
