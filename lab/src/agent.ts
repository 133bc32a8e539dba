/** The agent on the host: packed here with what it needs to run, started and killed there. */
import { execFile } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Collector } from './collector.js';
import { TOKEN } from './collector.js';
import { hostTime } from './host.js';
import type { Host } from './host.js';
import { poll } from './poll.js';
import { THIS_MACHINE } from './visitor.js';

const REPOSITORY = dirname(fileURLToPath(new URL('../', import.meta.url)));
const execute = promisify(execFile);

export interface Agent {
  /** Starts it from its disk, and waits until it delivers. */
  start(): Promise<void>;
  /** As the kernel ends a process that is out of memory: with no time for anything. */
  kill(): Promise<void>;
  /** Waits until a reading that is taken from now on is in ClickHouse. */
  delivers(): Promise<void>;
}

/**
 * Makes a disk of the agent and its production dependencies, as they are installed here; resolves to its file. To unpack
 * that many files on the emulated host would take minutes.
 */
export async function packAgent(directory: string): Promise<string> {
  const list = ['ls', '--omit=dev', '--all', '--parseable', '--workspace', '@tcewatch/agent'];
  const { stdout } = await execute('npm', list, { cwd: REPOSITORY });
  const dependencies = stdout
    .trim()
    .split('\n')
    .map((path) => relative(REPOSITORY, path))
    .filter((path) => path.startsWith('node_modules/'));
  // Workspaces are links to folders beside node_modules; of those only what is published.
  const workspaces = ['protocol', 'config', 'agent'].flatMap((name) => [`${name}/package.json`, `${name}/dist`]);
  const tree = join(directory, 'agent');
  for (const path of [...workspaces, 'agent/bin', ...dependencies]) {
    await cp(join(REPOSITORY, path), join(tree, path), { recursive: true, verbatimSymlinks: true });
  }
  const disk = join(directory, 'agent.img');
  await execute('mkfs.ext4', ['-q', '-L', 'agent', '-d', tree, disk, '256M']);
  return disk;
}

/** The agent on the host, not started yet. */
export async function installAgent(host: Host, collector: Collector): Promise<Agent> {
  const settings = {
    host: { id: 'lab' },
    source: 'hist',
    interval: '2s',
    collector: { url: `http://${THIS_MACHINE}:${collector.port}`, token: TOKEN },
  };
  await writeFile(join(host.share, 'agent.yaml'), JSON.stringify(settings));
  await host.run('mount -o ro LABEL=agent /agent');
  let pid = '';

  async function delivers(): Promise<void> {
    const now = await hostTime(host);
    await poll('the agent delivers a reading', async () => {
      // Says more than waiting in vain: the end of its log.
      await host.run(`[ -e /proc/${pid}/exe ] || { tail -n 20 /share/agent.log; false; }`);
      const readAt = await collector.readAt();
      return readAt !== undefined && readAt > now ? true : undefined;
    });
  }

  return {
    delivers,
    async start() {
      pid = await host.run(`
        node /agent/agent/bin/tcewatch-agent.js run --config /share/agent.yaml >> /share/agent.log 2>&1 &
        echo $!`);
      await delivers();
    },
    async kill() {
      await host.run(`kill -9 ${pid}; while [ -e /proc/${pid}/exe ]; do sleep 0.1; done`);
    },
  };
}
