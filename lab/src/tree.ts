/** The agent as a tree of files, with nothing but its capabilities and its file systems taken from it. */
import { execFile } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AgentPackage, Capability } from './agent.js';
import { TOKEN } from './collector.js';

const REPOSITORY = dirname(fileURLToPath(new URL('../', import.meta.url)));
const execute = promisify(execFile);
/** The agent's command on the host, where its disk is mounted at /agent. */
export const PROGRAM = 'node /agent/agent/bin/tcewatch-agent.js';

/** The capabilities that docs/guides/privileges.md has root keep. */
const LEAST: readonly Capability[] = ['dac_read_search', 'sys_ptrace'];

/**
 * Gives the command with these capabilities alone, and where nothing but /run and the kernel's own file systems is
 * writable.
 */
function confined(command: string, capabilities = LEAST): string {
  const bounds = ['-all', ...capabilities.map((name) => `+${name}`)].join();
  const readOnly = ['/', '/share', '/tmp'].map((path) => `mount -o remount,bind,ro ${path}`).join(' && ');
  return `unshare --mount bash -c '${readOnly} && exec setpriv --no-new-privs --inh-caps=-all --bounding-set=${bounds} ${command}'`;
}

/**
 * The agent and its production dependencies, as they are installed here, on a disk: to unpack
 * that many files on the emulated host would take minutes.
 */
export async function packTree(directory: string): Promise<AgentPackage> {
  const list = ['ls', '--omit=dev', '--all', '--parseable', '--workspace', '@tcewatch/agent'];
  const { stdout } = await execute('npm', list, { cwd: REPOSITORY });
  const dependencies = stdout
    .trim()
    .split('\n')
    .map((path) => relative(REPOSITORY, path))
    // Some are in a workspace: those of which others need another version.
    .filter((path) => path.includes('node_modules/'));
  // Workspaces are links to folders beside node_modules; of those only what is published.
  const workspaces = dependencies
    .flatMap((path) => /^node_modules\/@tcewatch\/(.+)$/.exec(path)?.[1] ?? [])
    .flatMap((name) => [`${name}/package.json`, `${name}/dist`]);
  const tree = join(directory, 'agent');
  for (const path of [...workspaces, 'agent/bin', ...dependencies]) {
    await cp(join(REPOSITORY, path), join(tree, path), { recursive: true, verbatimSymlinks: true });
  }
  const disk = join(directory, 'agent.img');
  await execute('mkfs.ext4', ['-q', '-L', 'agent', '-d', tree, disk, '256M']);
  return {
    disk,
    async install(host, settings) {
      const own = { outbox: { directory: '/run/tcewatch/outbox' }, collector: { ...settings.collector, token: TOKEN } };
      await writeFile(join(host.share, 'agent.yaml'), JSON.stringify({ ...settings, ...own }));
    },
    start: (host, log, { capabilities }) =>
      host.run(`
        ${confined(`${PROGRAM} run --config /share/agent.yaml`, capabilities)} > ${log} 2>&1 &
        echo $!`),
    command: (_, line, capabilities) => Promise.resolve(confined(`${PROGRAM} ${line}`, capabilities)),
  };
}
