/** The agent on the host: packed here with what it needs to run, started and killed there. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
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
  /** As the kernel ends a process that is out of memory: with no time for anything. */
  kill(): Promise<void>;
  /** Waits until a reading that is taken from now on is in ClickHouse. */
  delivers(): Promise<void>;
}

/** Puts the agent and its production dependencies on the host, as they are installed here. */
export async function installAgent(host: Host): Promise<void> {
  const list = ['ls', '--omit=dev', '--all', '--parseable', '--workspace', '@tcewatch/agent'];
  const { stdout } = await execute('npm', list, { cwd: REPOSITORY });
  const dependencies = stdout
    .trim()
    .split('\n')
    .map((path) => relative(REPOSITORY, path))
    .filter((path) => path.startsWith('node_modules/'));
  // Workspaces are links to folders beside node_modules; of those only what is published.
  const workspaces = ['protocol', 'config', 'agent'].flatMap((name) => [`${name}/package.json`, `${name}/dist`]);
  const packed = join(host.share, 'agent.tar');
  await execute('tar', ['-C', REPOSITORY, '-cf', packed, ...workspaces, 'agent/bin', ...dependencies]);
  await host.run('mkdir /tmp/tcewatch && tar -C /tmp/tcewatch -xf /share/agent.tar');
}

/** Starts the agent that was installed, and waits until what it reads is in ClickHouse. */
export async function startAgent(host: Host, collector: Collector): Promise<Agent> {
  const settings = {
    host: { id: 'lab' },
    source: 'hist',
    interval: '2s',
    collector: { url: `http://${THIS_MACHINE}:${collector.port}`, token: TOKEN },
  };
  await writeFile(join(host.share, 'agent.yaml'), JSON.stringify(settings));
  const pid = await host.run(`
    node /tmp/tcewatch/agent/bin/tcewatch-agent.js run --config /share/agent.yaml >> /share/agent.log 2>&1 &
    echo $!`);
  const agent = {
    async kill() {
      await host.run(`kill -9 ${pid} && while [ -e /proc/${pid}/exe ]; do sleep 0.1; done`);
    },
    async delivers() {
      const now = await hostTime(host);
      await poll('the agent delivers a reading', async () => {
        // Says more than waiting in vain: its log.
        await host.run(`[ -e /proc/${pid}/exe ] || { tail -n 20 /share/agent.log; false; }`);
        const readAt = await collector.readAt();
        return readAt !== undefined && readAt > now ? true : undefined;
      });
    },
  };
  await agent.delivers();
  return agent;
}
