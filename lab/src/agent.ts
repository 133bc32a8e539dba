/** The agent on the host: started and killed there, and asked. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Collector } from './collector.js';
import { hostTime } from './host.js';
import type { Host } from './host.js';
import { poll } from './wait.js';
import { THIS_MACHINE } from './connection.js';

const LOG = '/share/agent.log';

export type Capability = 'dac_read_search' | 'sys_ptrace';

/** What may differ from one start to the next. */
export interface AgentStart {
  /** The capabilities that it keeps; else what its package gives it. */
  capabilities?: readonly Capability[] | undefined;
}

/** The part of the agent's configuration that the lab decides. */
export interface LabSettings {
  host: { id: string };
  hist: { detail: boolean };
  interval: string;
  collector: { url: string };
}

/** What the agent comes to the host as, and how it is confined there. */
export interface AgentPackage {
  /** The file of its disk, whose label is `agent`; the host has it at /agent. */
  disk: string;
  /** Readies the host for it. */
  install(host: Host, settings: LabSettings): Promise<void>;
  /** Starts it with its output in the file `log` of the host; resolves to its process id. */
  start(host: Host, log: string, options: Required<AgentStart>): Promise<string>;
  /** The shell's command for another command of it. */
  command(host: Host, line: string, capabilities: readonly Capability[] | undefined): Promise<string>;
}

export interface Agent {
  /** Starts it from its disk, and waits until it delivers. */
  start(options?: AgentStart): Promise<void>;
  /** Kills it as the kernel ends a process that is out of memory: with no time for anything. */
  kill(): Promise<void>;
  /** Waits until a reading that is taken from now on is in ClickHouse, and resolves to its epoch. */
  delivers(): Promise<string>;
  /** Waits until it has said this since it was started last. */
  says(words: string): Promise<void>;
  /** Runs another command of it beside the running one: what it prints, and its exit status. */
  command(line: string, capabilities?: readonly Capability[]): Promise<{ output: string; status: number }>;
}

/** Puts the agent on the host; it is not started yet. */
export async function installAgent(
  host: Host,
  collector: Collector,
  agentPackage: AgentPackage,
  detail: boolean,
): Promise<Agent> {
  const collectorUrl = `http://${THIS_MACHINE}:${collector.port}`;
  await host.run('mount -o ro LABEL=agent /agent');
  await agentPackage.install(host, {
    host: { id: 'lab' },
    hist: { detail },
    interval: '2s',
    collector: { url: collectorUrl },
  });
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
    async start({ capabilities } = {}) {
      await host.run(`[ ! -e ${LOG} ] || mv ${LOG} ${LOG}.$(date +%s)`);
      pid = await agentPackage.start(host, LOG, { capabilities });
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
      const said = await host.run(`${await agentPackage.command(host, line, capabilities)}; echo "status $?"`);
      const [, output = said, status = '-1'] = /^(.*?)\s*status (\d+)$/s.exec(said) ?? [];
      return { output, status: Number(status) };
    },
  };
}
