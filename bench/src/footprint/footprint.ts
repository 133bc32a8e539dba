/**
 * What the agent costs a host with many VMs: the program itself, over readings that all differ, delivered by HTTP. At
 * the interval that it has on a host, since what Node does between readings (it collects garbage when it is idle) costs
 * time and saves memory; and in quick succession, where there are enough readings for compiled code.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RecordedHost } from './host.js';

export interface Footprint {
  /** Memory of a Node that does nothing. */
  node: Memory;
  /** One reading every 10 s. */
  paced: Cost;
  /** One reading every 10 s in the environment that docs/guides/footprint.md advises. */
  lean: Cost;
  /** One reading after the other. */
  quick: Cost;
}

/** Memory of a process in bytes. */
export interface Memory {
  /** Resident. */
  rss: number;
  /** The part that is the process's own; the rest are pages of Node's file and of libraries. */
  own: number;
}

export interface Cost {
  readings: number;
  /** The median by what was resident. */
  memory: Memory;
  /** Milliseconds of processor time for each reading. */
  cpuMs: number;
}

interface Series {
  interval: string;
  /** Readings that are not measured, and those that are. */
  warmUp: number;
  readings: number;
}

const PACED: Series = { interval: '10s', warmUp: 3, readings: 12 };
const QUICK: Series = { interval: '100ms', warmUp: 100, readings: 200 };
const PATIENCE_MS = 60_000;
/** Units of the times in /proc/PID/stat: USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Settings of glibc and V8: one heap instead of one for each thread, and little room for garbage. */
const LEAN = { MALLOC_ARENA_MAX: '1', NODE_OPTIONS: '--max-semi-space-size=1' };

export async function measureFootprint(vms: number): Promise<Footprint> {
  const node = await idleNode();
  // Both sleep nearly all of the time.
  const [paced, lean] = await Promise.all([costOf(vms, PACED), costOf(vms, PACED, LEAN)]);
  return { node, paced, lean, quick: await costOf(vms, QUICK) };
}

async function costOf(vms: number, { interval, warmUp, readings }: Series, env: NodeJS.ProcessEnv = {}): Promise<Cost> {
  const host = await RecordedHost.make(vms);
  let taken = 0;
  const collector = createServer((request, response) => {
    request.resume().on('end', () => {
      taken++;
      response.writeHead(202).end();
    });
  });
  await once(collector.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const agent = startAgent({ root: host.root, url, interval, env });
  const failed = once(agent, 'exit').then(() => Promise.reject(new Error('the agent ended before it was measured')));
  /** Lets the kernel count on before each of so many readings; resolves to the memory that the agent had. */
  const read = async (count: number): Promise<Memory> => {
    const seen: Memory[] = [];
    for (let n = 0; n < count; n++) {
      await host.print();
      const [before, since] = [taken, performance.now()];
      while (taken === before) {
        await Promise.race([new Promise((resolve) => setTimeout(resolve, 5)), failed]);
        if (performance.now() - since > PATIENCE_MS) throw new Error('the agent delivers nothing');
      }
      seen.push(await memoryOf(agent.pid));
    }
    return seen.sort((a, b) => a.rss - b.rss)[Math.floor(count / 2)] ?? { rss: NaN, own: NaN };
  };
  try {
    await read(warmUp);
    const [before, begun] = [await cpuMs(agent.pid), taken];
    const memory = await read(readings);
    return { readings: taken - begun, memory, cpuMs: ((await cpuMs(agent.pid)) - before) / (taken - begun) };
  } finally {
    failed.catch(() => undefined);
    agent.kill('SIGKILL');
    collector.close();
    collector.closeAllConnections();
    await host.remove();
  }
}

interface AgentStart {
  root: string;
  url: string;
  interval: string;
  /** Besides what this process has. */
  env: NodeJS.ProcessEnv;
}

/** Starts `tcewatch-agent run`, with the one thing that a kernel does. */
function startAgent({ root, url, interval, env }: AgentStart) {
  const entry = createRequire(import.meta.url).resolve('@tcewatch/agent');
  const program = join(dirname(entry), '../bin/tcewatch-agent.js');
  const kernel = fileURLToPath(new URL('kernel.js', import.meta.url));
  const settings = {
    root,
    source: 'hist',
    interval,
    'collector-url': url,
    'listen-port': '0',
    'state-directory': join(root, 'run'),
    'outbox-directory': join(root, 'outbox'),
    'log-level': 'warn',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const own = Object.entries(process.env).filter(([name]) => !/^(TCEWATCH|NODE|MALLOC|OTEL)_/.test(name));
  return spawn(process.execPath, ['--import', kernel, program, 'run', ...flags], {
    env: { ...Object.fromEntries(own), ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function idleNode(): Promise<Memory> {
  const idle = spawn(process.execPath, ['-e', 'console.log(); setInterval(() => {}, 1e6)'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(idle.stdout, 'data');
    return await memoryOf(idle.pid);
  } finally {
    idle.kill();
  }
}

async function memoryOf(pid: number | undefined): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  return { rss: bytes('VmRSS'), own: bytes('RssAnon') };
}

/** Time in user and system mode: fields 14 and 15, and the name in field 2 may hold anything. */
async function cpuMs(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}
