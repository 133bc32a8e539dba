/**
 * A host with many VMs for the agent to read: the recorded VMs of vfio-7.2 as often as it takes, each with the files,
 * threads and descriptors that were recorded, and histograms that grow from reading to reading. No kernel is behind it:
 * what a kernel would do for a trigger, and what procfs would do for a read, is in no figure.
 */
import { cp, mkdir, mkdtemp, readFile, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listSnapshots, readTexts, snapshotPath, treePath } from '@tcewatch/agent';
import { unpack } from '@tcewatch/recordings';
import { parsePrinted, print } from './hist.js';
import type { Printed } from './hist.js';

/** The VMs in the recorded tree. */
const RECORDED = [178, 630];
const EVENTS = ['kvm_hcall_exit', 'kvm_hcall_enter'] as const;
/** Between the thread ids of one copy and those of the next. */
const OFFSET = 10_000;
/** The first and the last snapshot of the time in which both VMs ran and the same threads were alive. */
const SNAPSHOTS = { first: 60, last: 220 };

type Snapshot = Record<(typeof EVENTS)[number], Printed>;

export class RecordedHost {
  #printed = 0;

  private constructor(
    readonly root: string,
    private readonly copies: number,
    private readonly snapshots: readonly Snapshot[],
  ) {}

  static async make(vms: number): Promise<RecordedHost> {
    const recording = await unpack('vfio-7.2');
    const root = await mkdtemp(join(tmpdir(), 'tcewatch-footprint-'));
    const copies = Math.ceil(vms / RECORDED.length);
    const tree = treePath(recording, 'both-accelerated');
    for (const name of ['cpuinfo', 'modules', 'version', 'sys']) {
      await cp(join(tree, 'proc', name), join(root, 'proc', name), { recursive: true });
    }
    // A whole one, as long as they are: that of the recording has the lines about KVM alone.
    const symbols = await readFile('/proc/kallsyms', 'utf8').catch(() => '');
    await writeFile(join(root, 'proc/kallsyms'), symbols + (await readFile(join(tree, 'proc/kallsyms'), 'utf8')));
    for (let copy = 0; copy < copies; copy++) {
      for (const tgid of RECORDED) await copyVm(tree, root, tgid, copy);
    }
    await copyTracefs(tree, root);
    const host = new RecordedHost(root, copies, await readSnapshots(recording));
    await host.print();
    return host;
  }

  /** The kernel has counted on, in every VM. */
  async print(): Promise<void> {
    const { snapshots, copies } = this;
    const n = this.#printed++;
    const [now, end] = [snapshots[n % snapshots.length], snapshots.at(-1)];
    if (!now || !end) throw new Error('the recording has not the snapshots that are to be printed');
    const rounds = Math.floor(n / snapshots.length);
    // Enter first: the agent reads it last, and no more may be punted than entered.
    for (const event of EVENTS.toReversed()) {
      const text = print(now[event], { copies, offset: OFFSET, rounds, end: end[event] });
      await replace(join(this.root, 'sys/kernel/tracing/events/kvm_hv', event, 'hist'), text);
    }
    await replace(join(this.root, 'proc/uptime'), `${(100 + 10 * n).toFixed(2)} 0.00\n`);
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true });
  }
}

async function copyVm(tree: string, root: string, tgid: number, copy: number): Promise<void> {
  const id = (recorded: number) => recorded + copy * OFFSET;
  const [from, to] = [join(tree, 'proc', String(tgid)), join(root, 'proc', String(id(tgid)))];
  await mkdir(join(to, 'fd'), { recursive: true });
  for (const name of ['limits', 'cgroup', 'stat', 'status', 'comm']) await cp(join(from, name), join(to, name));
  const cmdline = await readFile(join(from, 'cmdline'), 'utf8');
  const uuid = `${String(id(tgid)).padStart(8, '0')}-0000-4000-8000-000000000000`;
  const words = cmdline.replace(/guest=(\w+)/, `guest=$1-${copy}`).replace(/(-uuid\0)[^\0]+/, `$1${uuid}`);
  await writeFile(join(to, 'cmdline'), words);
  for (const fd of await readdir(join(from, 'fd')))
    await symlink(await readlink(join(from, 'fd', fd)), join(to, 'fd', fd));
  await symlink(await readlink(join(from, 'exe')), join(to, 'exe'));
  for (const tid of await readdir(join(from, 'task'))) {
    await cp(join(from, 'task', tid), join(to, 'task', String(id(Number(tid)))), { recursive: true });
  }
  await mkdir(join(root, 'sys/kernel/debug/kvm', `${id(tgid)}-11`), { recursive: true });
}

async function copyTracefs(tree: string, root: string): Promise<void> {
  const tracing = join(root, 'sys/kernel/tracing');
  await mkdir(join(tracing, 'instances'), { recursive: true });
  await writeFile(join(tracing, 'tracing_on'), '1\n');
  for (const event of EVENTS) {
    const path = join('events/kvm_hv', event);
    await cp(join(tree, 'sys/kernel/tracing', path), join(tracing, path), { recursive: true });
    await writeFile(join(tracing, path, 'trigger'), '');
  }
}

async function readSnapshots(recording: string): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for (const name of (await listSnapshots(recording)).slice(SNAPSHOTS.first, SNAPSHOTS.last + 1)) {
    const { exit, enter } = await readTexts(snapshotPath(recording, name));
    snapshots.push({ kvm_hcall_exit: parsePrinted(exit), kvm_hcall_enter: parsePrinted(enter) });
  }
  return snapshots;
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.next`, text);
  await rename(`${path}.next`, path);
}
