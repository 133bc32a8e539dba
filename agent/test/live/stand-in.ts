/**
 * Events with the names and fields of KVM's from a live kernel without KVM: uprobes on a program whose calls are known
 * (hypercalls.c). In a group of their own, so that nobody else on the machine is disturbed.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, appendFile, constants, mkdtemp, readFile, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HYPERCALL_NAMES } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import { HIST } from '../../src/sources/hist/instance.js';
import type { InstanceSpec } from '../../src/tracefs/instances.js';

const execute = promisify(execFile);
const TRACING = '/sys/kernel/tracing';
const INSTANCES = join(TRACING, 'instances');
const UPROBES = join(TRACING, 'uprobe_events');
const PROBES = {
  kvm_hcall_enter: ['hcall_enter', 'vcpu_id=%di:s32 req=%si:u64 gpr4=%dx:u64 gpr5=%cx:u64 gpr6=%r8:u64 gpr7=%r9:u64'],
  kvm_hcall_exit: ['hcall_exit', 'vcpu_id=%di:s32 ret=%si:u64 hcall_rc=%dx:u64'],
} as const;

/** LIOBNs of the calls that go to userspace, and of the others. */
export const PUNTED_LIOBN = 0x71000000n;
export const HANDLED_LIOBN = 0x80000000n;

/** Why there can be no such events here; undefined where there can. Mounts tracefs if need be. */
export async function inTheWay(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the probes are written for Linux on x86_64';
  if (process.getuid?.() !== 0) return 'not root';
  try {
    if ((await readdir(TRACING)).length === 0) await execute('mount', ['-t', 'tracefs', 'nodev', TRACING]);
    await access(UPROBES, constants.W_OK);
    await execute('gcc', ['--version']);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export class StandIn {
  private constructor(
    private readonly directory: string,
    private readonly group: string,
  ) {}

  static async make(): Promise<StandIn> {
    const group = `tcewatch_test_${randomBytes(6).toString('hex')}`;
    const standIn = new StandIn(await mkdtemp(join(tmpdir(), 'tcewatch-live-')), group);
    const source = fileURLToPath(new URL('hypercalls.c', import.meta.url));
    await execute('gcc', ['-O2', '-pthread', '-o', standIn.program, source]);
    const { stdout } = await execute('nm', [standIn.program]);
    for (const [event, [symbol, fields]] of Object.entries(PROBES)) {
      const offset = new RegExp(`^([0-9a-f]+) T ${symbol}$`, 'm').exec(stdout)?.[1];
      if (offset === undefined) throw new Error(`${symbol} is not among the symbols`);
      await appendFile(UPROBES, `p:${group}/${event} ${standIn.program}:0x${offset} ${fields}\n`);
    }
    return standIn;
  }

  /** Kind of the instances: their names, and the events that stand in for KVM's. */
  get kind(): InstanceSpec {
    return {
      ...HIST,
      prefix: this.group,
      triggers: HIST.triggers.map((trigger) => ({ ...trigger, system: this.group })),
    };
  }

  /** Makes the calls, as many on each thread; resolves when all were made. */
  async calls(
    threads: number,
    each: number,
    { every, us }: { every: number; us: number } = { every: 0, us: 0 },
  ): Promise<void> {
    const args = [threads, each, every, us].map(String);
    await execute(this.program, args);
  }

  /** Removes the instances that a failed test may have left. */
  async removeInstances(): Promise<void> {
    for (const instance of await this.instances()) await rmdir(instance);
  }

  /** Removes the events, and what is left of instances. */
  async remove(): Promise<void> {
    await this.removeInstances();
    const events = (await readFile(UPROBES, 'utf8')).split('\n').filter((line) => line.includes(`:${this.group}/`));
    for (const line of events) await appendFile(UPROBES, `-${line.slice(1).split(' ')[0] ?? ''}\n`);
    await rm(this.directory, { recursive: true });
  }

  private async instances(): Promise<string[]> {
    const names = (await readdir(INSTANCES)).filter((name) => name.startsWith(this.group));
    return names.map((name) => join(INSTANCES, name));
  }

  private get program(): string {
    return join(this.directory, 'hypercalls');
  }
}

/** Returns the counts of one thread's calls by hypercall, as hypercalls.c makes them. */
export function issued(each: number): Record<Hypercall, { entered: number; punted: number }> {
  const order = ['H_PUT_TCE', 'H_PUT_TCE_INDIRECT', 'H_STUFF_TCE', 'H_GET_TCE', undefined] as const;
  const counts = Object.fromEntries(HYPERCALL_NAMES.map((name) => [name, { entered: 0, punted: 0 }]));
  for (let i = 0; i < each; i++) {
    const count = counts[order[i % order.length] ?? ''];
    if (!count) continue;
    count.entered++;
    if (i % 4 === 0) count.punted++;
  }
  return counts as ReturnType<typeof issued>;
}
