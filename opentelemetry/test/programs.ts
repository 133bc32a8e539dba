/** The built programs as an operator runs them, with the modules that they load. `npm test` has built them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Running {
  /** Its first line on standard output; rejects with its log when it ends before. */
  firstLine: Promise<string>;
  /** Exit status and log, once it has ended. */
  ended: Promise<{ status: number | null; log: string }>;
  stop(): void;
}

export interface Given {
  args: readonly string[];
  env?: Record<string, string>;
  /** A directory of its own in which V8 leaves what it has run. */
  traces: string;
}

export function start(name: 'agent' | 'collector', { args, env = {}, traces }: Given): Running {
  const program = fileURLToPath(new URL(`../../${name}/bin/tcewatch-${name}.js`, import.meta.url));
  const surroundings = Object.entries(process.env).filter(([key]) => !/^(TCEWATCH|OTEL)_/.test(key));
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...Object.fromEntries(surroundings), NODE_V8_COVERAGE: traces, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, log }));
  const lines = createInterface(child.stdout);
  const firstLine = Promise.race([
    once(lines, 'line').then(([line]) => line as string),
    ended.then(() => Promise.reject(new Error(`tcewatch-${name} ended before it said anything: ${log}`))),
  ]);
  firstLine.catch(() => undefined);
  return { firstLine, ended, stop: () => child.kill('SIGTERM') };
}

/** Names of the packages of which the program that left this ran any module. */
export async function packagesIn(traces: string): Promise<string[]> {
  const names = new Set<string>();
  for (const file of await readdir(traces)) {
    const { result } = JSON.parse(await readFile(join(traces, file), 'utf8')) as { result: { url: string }[] };
    for (const { url } of result) {
      const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
      if (name !== undefined) names.add(name);
    }
  }
  return [...names].sort();
}
