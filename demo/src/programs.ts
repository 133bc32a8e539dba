/** Starts the real programs, the way an operator would, and keeps what they say for the case that one of them fails. */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const require = createRequire(import.meta.url);
/** Lines of a program's log that are shown when it fails. */
const TAIL = 20;

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** A running program of ours. */
export interface Program {
  /** The next line of its standard output that is accepted; rejects when the program ends before. */
  line(accepts: (line: string) => boolean): Promise<string>;
  /** Its exit code, once it has ended. */
  ended: Promise<number>;
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>;
  /** The last lines of its log. */
  tail(): string;
}

/** Finds a program's executable: `bin/` of its workspace. */
function executable(name: 'agent' | 'collector'): string {
  const entry = require.resolve(`@tcewatch/${name}`);
  return join(dirname(entry), '..', 'bin', `tcewatch-${name}.js`);
}

/** Starts `tcewatch-agent` or `tcewatch-collector` with the given arguments, whatever the user's own settings are. */
export function start(name: 'agent' | 'collector', args: readonly string[]): Program {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('TCEWATCH_')));
  const child = spawn(process.execPath, [executable(name), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log: string[] = [];
  eachLine(child.stderr, (line) => {
    log.push(line);
    if (log.length > TAIL) log.shift();
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve(code ?? 1);
    });
  });
  const tail = (): string => log.join('\n');
  return { line: (accepts) => nextLine(child, accepts, name, tail), ended, stop: () => stop(child, ended), tail };
}

function nextLine(child: Child, accepts: (line: string) => boolean, name: string, tail: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    eachLine(child.stdout, (line) => {
      if (accepts(line)) resolve(line);
    });
    child.once('close', (code) => {
      reject(new Error(`tcewatch-${name} ended with ${code ?? 'a signal'} before it was ready:\n${tail()}`));
    });
  });
}

async function stop(child: Child, ended: Promise<number>): Promise<void> {
  if (child.exitCode === null) child.kill('SIGTERM');
  await ended;
}

function eachLine(stream: Readable, handle: (line: string) => void): void {
  createInterface({ input: stream }).on('line', handle);
}
