/**
 * What the agent costs a host with many VMs: the program itself, over readings that all differ, delivered by HTTP. At the
 * interval that it has on a host, since what Node does between readings (it collects garbage when it is idle) costs time
 * and saves memory; and in quick succession, where there are enough readings for compiled code.
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
  /** Resident memory of a Node that does nothing, in bytes. */
  nodeRss: number;
  /** One reading every 10 s. */
  paced: Cost;
  /** One reading after the other. */
  quick: Cost;
}

export interface Cost {
  readings: number;
  /** Resident memory in bytes: the most that was seen. */
  rss: number;
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
/** Of the times in /proc/PID/stat: USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

export async function measureFootprint(vms: number): Promise<Footprint> {
  return { nodeRss: await idleNode(), paced: await costOf(vms, PACED), quick: await costOf(vms, QUICK) };
}

async function costOf(vms: number, { interval, warmUp, readings }: Series): Promise<Cost> {
  const host = await RecordedHost.make(vms);
  let taken = 0;
  const collector = createServer((request, response) => {
    request.resume().on('end', () => {
      taken++;
      response.writeHead(202).end();
    });
  });
  await once(collector.listen(0, '127.0.0.1'), 'listening');
  const agent = startAgent(host.root, `http://127.0.0.1:${(collector.address() as AddressInfo).port}`, interval);
  const failed = once(agent, 'exit').then(() => Promise.reject(new Error('the agent ended before it was measured')));
  /** Lets the kernel count on before each of so many readings; resolves to the most memory that was seen. */
  const read = async (count: number): Promise<number> => {
    let rss = 0;
    for (let n = 0; n < count; n++) {
      await host.print();
      const [before, since] = [taken, performance.now()];
      while (taken === before) {
        await Promise.race([new Promise((resolve) => setTimeout(resolve, 5)), failed]);
        if (performance.now() - since > PATIENCE_MS) throw new Error('the agent delivers nothing');
      }
      rss = Math.max(rss, await residentBytes(agent.pid));
    }
    return rss;
  };
  try {
    await read(warmUp);
    const [before, begun] = [await cpuMs(agent.pid), taken];
    const rss = await read(readings);
    return { readings: taken - begun, rss, cpuMs: ((await cpuMs(agent.pid)) - before) / (taken - begun) };
  } finally {
    failed.catch(() => undefined);
    agent.kill('SIGKILL');
    collector.close();
    collector.closeAllConnections();
    await host.remove();
  }
}

/** As `tcewatch-agent run` starts it, but for the one thing that a kernel does. */
function startAgent(root: string, url: string, interval: string) {
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
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TCEWATCH|NODE)_/.test(name)));
  return spawn(process.execPath, ['--import', kernel, program, 'run', ...flags], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function idleNode(): Promise<number> {
  const idle = spawn(process.execPath, ['-e', 'console.log(); setInterval(() => {}, 1e6)'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(idle.stdout, 'data');
    return await residentBytes(idle.pid);
  } finally {
    idle.kill();
  }
}

async function residentBytes(pid: number | undefined): Promise<number> {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

/** Time in user and system mode: fields 14 and 15, and the name in field 2 may hold anything. */
async function cpuMs(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}
