/** One process of the run: started as an operator's supervisor would, and again when it ends by itself. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnBound } from '@tcewatch/testing/bound-child';

export interface PartSpec {
  name: string;
  /** The arguments of `node`. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** File to which all its lives log. */
  log: string;
  /** Whether it prints a line of JSON when it is ready; else it is ready at once. */
  announces: boolean;
  /** Whether it may end by itself with status 0, and is not started again then. */
  finite?: boolean;
}

/** The pause between an unwanted end and the next start, as `RestartSec=` of systemd. */
const PAUSE_MS = 500;

export class Part {
  #child: ChildProcess | undefined;
  #lives = 0;
  #isReady = false;
  #announced: unknown;
  #exited: Promise<number | null> = Promise.resolve(null);
  #isWanted = false;
  #startedMs = 0;
  /** Ends that nobody asked for, in words; those before it was ready are none: it may need others to start. */
  readonly unwanted: string[] = [];
  /** Last line of standard output of a life that ended by itself. */
  result: string | undefined;

  constructor(readonly spec: PartSpec) {}

  get name(): string {
    return this.spec.name;
  }
  get pid(): number | undefined {
    return this.#child?.pid;
  }
  get lives(): number {
    return this.#lives;
  }
  get ageMs(): number {
    return performance.now() - this.#startedMs;
  }
  get isReady(): boolean {
    return this.#isReady;
  }
  get isDone(): boolean {
    return this.result !== undefined;
  }
  /** The line that it printed in this life when it was ready. */
  get announced(): unknown {
    return this.#announced;
  }

  start(): void {
    if (this.#isWanted || this.isDone) return;
    this.#isWanted = true;
    this.#spawn();
  }

  /** Kills it by -9; it stays away until it is started. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks it to end; resolves to its exit status, and to `undefined` when it is not gone in time and was killed. */
  async stop(withinMs: number): Promise<number | null | undefined> {
    const late = AbortSignal.timeout(withinMs);
    late.addEventListener('abort', () => this.#child?.kill('SIGKILL'));
    const status = await this.#end('SIGTERM');
    return late.aborted ? undefined : status;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    this.#isWanted = false;
    const exited = this.#exited;
    this.#child?.kill(signal);
    return exited;
  }

  #spawn(): void {
    const { args, env, log, announces } = this.spec;
    const file = openSync(log, 'a');
    const child = spawnBound([process.execPath, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', file],
    });
    closeSync(file);
    this.#child = child;
    this.#lives++;
    this.#startedMs = performance.now();
    this.#announced = undefined;
    this.#isReady = !announces;
    let last = '';
    const hear = (line: string): void => {
      last = line;
      if (!announces || this.#child !== child || !line.startsWith('{')) return;
      this.#announced = JSON.parse(line);
      this.#isReady = true;
    };
    if (child.stdout) createInterface(child.stdout).on('line', hear);
    this.#exited = once(child, 'close').then(async ([code, signal]) => {
      const wasReady = this.isReady;
      this.#child = undefined;
      this.#isReady = false;
      if (this.#isWanted) await this.#endedByItself(code as number | null, signal as string | null, wasReady, last);
      return code as number | null;
    });
  }

  async #endedByItself(code: number | null, signal: string | null, wasReady: boolean, last: string): Promise<void> {
    if (this.spec.finite && code === 0) {
      this.result = last;
      this.#isWanted = false;
      return;
    }
    if (wasReady) this.unwanted.push(`${this.name} ended by itself (${signal ?? `status ${code ?? '?'}`})`);
    await sleep(PAUSE_MS);
    // It may have been killed for good during the pause.
    if (this.#isWanted) this.#spawn();
  }
}
