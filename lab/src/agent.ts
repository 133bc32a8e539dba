/** The agent on the host: packed here with what it needs to run, started and killed there. */
import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
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
/** Where its disk is mounted on the host. */
export const PROGRAM = 'node /agent/agent/bin/tcewatch-agent.js';
const LOG = '/share/agent.log';

/** What docs/guides/privileges.md has root keep. */
const LEAST: readonly Capability[] = ['dac_read_search', 'sys_ptrace'];
export type Capability = 'dac_read_search' | 'sys_ptrace';

/** What may differ from one start to the next. */
export interface AgentStart {
  /** All that it keeps; else the least. */
  capabilities?: readonly Capability[];
  /** What it counts by; else histograms. */
  source?: 'hist' | 'ring';
}

export interface Agent {
  /** Starts it from its disk, and waits until it delivers. */
  start(options?: AgentStart): Promise<void>;
  /** As the kernel ends a process that is out of memory: with no time for anything. */
  kill(): Promise<void>;
  /** Waits until a reading that is taken from now on is in ClickHouse, and resolves to its epoch. */
  delivers(): Promise<string>;
  /** Waits until it has said this since it was started last. */
  says(words: string): Promise<void>;
  /** Another command of it, beside the running one: what it prints, and its exit status. */
  command(line: string, capabilities?: readonly Capability[]): Promise<{ output: string; status: number }>;
}

/** The command with these capabilities alone, and where nothing but /run and the kernel's own file systems is writable. */
function confined(command: string, capabilities = LEAST): string {
  const bounds = ['-all', ...capabilities.map((name) => `+${name}`)].join();
  const readOnly = ['/', '/share', '/tmp'].map((path) => `mount -o remount,bind,ro ${path}`).join(' && ');
  return `unshare --mount bash -c '${readOnly} && exec setpriv --no-new-privs --inh-caps=-all --bounding-set=${bounds} ${command}'`;
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
  const workspaces = dependencies
    .flatMap((path) => /^node_modules\/@tcewatch\/(.+)$/.exec(path)?.[1] ?? [])
    .flatMap((name) => [`${name}/package.json`, `${name}/dist`]);
  const tree = join(directory, 'agent');
  for (const path of [...workspaces, 'agent/bin', ...dependencies]) {
    await cp(join(REPOSITORY, path), join(tree, path), { recursive: true, verbatimSymlinks: true });
  }
  const disk = join(directory, 'agent.img');
  await execute('mkfs.ext4', ['-q', '-L', 'agent', '-d', tree, disk, '256M']);
  return disk;
}

/** The agent on the host, not started yet. It always runs confined. */
export async function installAgent(host: Host, collector: Collector, detail: boolean): Promise<Agent> {
  const settings = {
    host: { id: 'lab' },
    hist: { detail },
    interval: '2s',
    outbox: { directory: '/run/tcewatch/outbox' },
    collector: { url: `http://${THIS_MACHINE}:${collector.port}`, token: TOKEN },
  };
  await writeFile(join(host.share, 'agent.yaml'), JSON.stringify(settings));
  await host.run('mount -o ro LABEL=agent /agent');
  let pid = '';

  async function isAlive(): Promise<void> {
    // Says more than waiting in vain: the end of its log.
    await host.run(`[ -e /proc/${pid}/exe ] || { tail -n 20 ${LOG}; false; }`);
  }

  async function delivers(): Promise<string> {
    const now = await hostTime(host);
    return poll('the agent delivers a reading', async () => {
      await isAlive();
      const newest = await collector.newest();
      return newest !== undefined && newest.takenMs > now ? newest.epoch : undefined;
    });
  }

  return {
    delivers,
    async start({ capabilities, source = 'hist' } = {}) {
      pid = await host.run(`
        [ ! -e ${LOG} ] || mv ${LOG} ${LOG}.$(date +%s)
        ${confined(`${PROGRAM} run --config /share/agent.yaml --source ${source}`, capabilities)} > ${LOG} 2>&1 &
        echo $!`);
      await delivers();
      await host.run(`! grep 'cannot keep batches' ${LOG}`);
    },
    async kill() {
      await host.run(`kill -9 ${pid}; while [ -e /proc/${pid}/exe ]; do sleep 0.1; done`);
    },
    async says(words) {
      await poll(`the agent says "${words}"`, async () => {
        await isAlive();
        const log = await readFile(join(host.share, 'agent.log'), 'utf8');
        return log.includes(words) ? true : undefined;
      });
    },
    async command(line, capabilities) {
      const said = await host.run(`${confined(`${PROGRAM} ${line}`, capabilities)}; echo "status $?"`);
      const [, output = said, status = '-1'] = /^(.*?)\s*status (\d+)$/s.exec(said) ?? [];
      return { output, status: Number(status) };
    },
  };
}
