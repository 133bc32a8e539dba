/** Real programs on loopback, for tests that join them: ours as an operator starts them, Prometheus and Alertmanager. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { vi } from 'vitest';

/** Debian's names, and those of the projects themselves. */
export const ALERTMANAGER = ['prometheus-alertmanager', 'alertmanager'].find(isThere);
export const PROMETHEUS = ['prometheus'].find(isThere);
export const TOOLS = isThere('promtool') && isThere('amtool');

/** How long something may take to begin, on a machine that has much to do. */
const PATIENCE = { timeout: 120_000, interval: 50 };

function isThere(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Program {
  /** The first match in what it has said, or says in the time to come; fails when it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ends it and waits until it has. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

export function startProgram(command: string, args: readonly string[]): Program {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'exit');
  return {
    says: async (pattern) => {
      await vi.waitUntil(() => pattern.test(said) || child.exitCode !== null, PATIENCE);
      const match = pattern.exec(said);
      if (!match) throw new Error(`${command} ended with ${String(child.exitCode)}:\n${said}`);
      return match;
    },
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
    },
  };
}

const require = createRequire(import.meta.url);

/** `tcewatch-collector` or `tcewatch-agent`, as it was built last. */
export function startOurs(name: 'agent' | 'collector', args: readonly string[]): Program {
  const workspace = dirname(dirname(require.resolve(`@tcewatch/${name}`)));
  return startProgram(process.execPath, [join(workspace, 'bin', `tcewatch-${name}.js`), ...args]);
}

/** An Alertmanager of its own on a configuration, that knows of no other. */
export async function startAlertmanager(directory: string, config: string, port: number) {
  if (ALERTMANAGER === undefined) throw new Error('there is no Alertmanager');
  const program = startProgram(ALERTMANAGER, [
    `--config.file=${config}`,
    `--storage.path=${directory}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]);
  const url = `http://127.0.0.1:${port}`;
  await ready(`${url}/-/ready`);
  return { url, program };
}

/** Waits until an address answers that all is well. */
export async function ready(url: string): Promise<void> {
  const ok = () =>
    fetch(url).then(
      (response) => response.ok,
      () => false,
    );
  await vi.waitUntil(ok, PATIENCE);
}

/** What Alertmanager posts to a webhook, by the path that it was posted to. */
export async function startHook() {
  const received: { path: string; status: string; labels: Record<string, string>; url: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { alerts } = JSON.parse(body) as {
        alerts: { status: string; labels: Record<string, string>; generatorURL: string }[];
      };
      for (const { status, labels, generatorURL } of alerts) {
        received.push({ path: request.url ?? '', status, labels, url: generatorURL });
      }
      response.writeHead(200).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { received, url, close };
}
