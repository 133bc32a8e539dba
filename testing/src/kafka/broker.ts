/** One broker of a test: a Java process with its own directory, that can be killed and started again. */
import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { spawnBound } from '../bound-child.js';
import { BROKER_FILES } from './jars.js';
import { isOpen } from './ports.js';
import { scramArguments, serverProperties } from './properties.js';
import type { BrokerPlan } from './properties.js';

/** Two slow cores may be busy with other tests. */
const START_LIMIT_MS = 180_000;
const POLL_MS = 50;
const HEAP_MIB = 256;

export class Broker {
  readonly #plan: BrokerPlan;
  readonly #jars: string;
  #process: ChildProcess | undefined;

  constructor(plan: BrokerPlan, jars: string) {
    this.#plan = plan;
    this.#jars = jars;
  }

  get id(): number {
    return this.#plan.id;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** Writes the configuration and the metadata of a new cluster member. */
  async format(clusterId: string): Promise<void> {
    mkdirSync(this.#plan.directory, { recursive: true });
    writeFileSync(this.#config, serverProperties(this.#plan));
    // In one argument, since an id may begin with a dash.
    const format = ['format', `--cluster-id=${clusterId}`, '-c', this.#config, ...scramArguments(this.#plan.users)];
    await promisify(execFile)('java', [...this.#java(64), 'kafka.tools.StorageTool', ...format]);
  }

  /** Resolves when clients can connect. */
  async start(): Promise<void> {
    if (this.#process) return;
    const log = openSync(this.#log, 'a');
    const child = spawnBound(['java', ...this.#java(HEAP_MIB), 'kafka.Kafka', this.#config], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#process = child;
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined;
    });
    const ports = this.#plan.ports.get(this.id)?.listeners;
    const deadline = Date.now() + START_LIMIT_MS;
    while (ports && !(await isOpen(ports.plaintext.port))) {
      if (!this.running || Date.now() > deadline) throw new Error(`broker ${this.id} did not start:\n${this.tail()}`);
      await sleep(POLL_MS);
    }
  }

  /** `SIGTERM` lets it hand its partitions over; `SIGKILL` does not. Resolves when it is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** The end of its log. */
  tail(): string {
    return readFileSync(this.#log, 'utf8').slice(-4000);
  }

  get #config(): string {
    return join(this.#plan.directory, 'server.properties');
  }

  get #log(): string {
    return join(this.#plan.directory, 'broker.log');
  }

  #java(heapMiB: number): string[] {
    const quick = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
    return [
      `-Xmx${heapMiB}m`,
      ...quick,
      '-cp',
      join(this.#jars, '*'),
      `-Dlog4j2.configurationFile=${BROKER_FILES}log4j2.yaml`,
    ];
  }
}
