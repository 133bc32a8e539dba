/** The VMs of a host as /proc and debugfs show them at one instant. */
import { MAX_UINT64, deriveId, powerGeneration } from '@tcewatch/protocol';
import type { Facts, Mmu } from '@tcewatch/protocol';
import { evidenceOf } from '../evidence/evidence.js';
import type { ThreadSighting, VmSighting } from '../model.js';
import { printable } from '../printable.js';
import { parseCgroup } from './cgroup.js';
import { holdsVm, openFiles } from './descriptors.js';
import type { HostFacts } from './host.js';
import { link, names, text, textAside } from './root-reader.js';
import type { RootReader } from './root-reader.js';
import { parseQemu } from './qemu.js';
import { startedNs } from './stat.js';
import type { QemuArguments } from './qemu.js';

/** Directory in which KVM lists its VMs: a directory `TGID-FD` for each. */
export const KVM_DEBUG = 'sys/kernel/debug/kvm';
/** Value of a limit that is unlimited. */
export const UNLIMITED = MAX_UINT64;

/**
 * Finds the VMs that are alive, by tgid. Undefined when the host could not be inspected, which is not the same as no
 * VMs. `nowNs` is the uptime that the facts are dated with.
 */
export async function sightVms(reader: RootReader, host: HostFacts, nowNs: bigint): Promise<VmSighting[] | undefined> {
  const tgids = (await listedVms(reader)) ?? (await foundVms(reader));
  if (!tgids) return undefined;
  const sightings: VmSighting[] = [];
  // One after the other: a host may have thousands, and the agent is to be light on it.
  for (const tgid of tgids.sort((a, b) => a - b)) {
    const sighting = await sight(reader, host, nowNs, tgid);
    if (sighting) sightings.push(sighting);
  }
  return sightings;
}

/**
 * Returns the process that holds the VM, from the name of a directory in {@link KVM_DEBUG}; undefined for other names.
 */
export function listedTgid(name: string): number | undefined {
  const digits = /^(\d{1,9})-\d+$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Lists the processes whose VMs are in debugfs; undefined when it lists none, as kernels before 4.9 do, or cannot be
 * read.
 */
async function listedVms(reader: RootReader): Promise<number[] | undefined> {
  const listed = ((await names(reader, KVM_DEBUG)) ?? []).map(listedTgid).filter((tgid) => tgid !== undefined);
  return listed.length > 0 ? [...new Set(listed)] : undefined;
}

/** Finds the processes that hold a VM; undefined when none was found while some could not be inspected. */
async function foundVms(reader: RootReader): Promise<number[] | undefined> {
  const processes = await names(reader, 'proc');
  if (!processes) return undefined;
  const troubles = reader.trouble.size;
  const found: number[] = [];
  for (const name of processes) {
    if (/^\d{1,9}$/.test(name) && (await holdsVm(reader, Number(name)))) found.push(Number(name));
  }
  return found.length > 0 || reader.trouble.size === troubles ? found : undefined;
}

/**
 * Reads the facts of one VM; undefined when the process is gone, or has no memory any more and so nothing to say of
 * itself: it ends.
 */
async function sight(
  reader: RootReader,
  host: HostFacts,
  nowNs: bigint,
  tgid: number,
): Promise<VmSighting | undefined> {
  const started = startedNs((await text(reader, `proc/${tgid}/stat`)) ?? '');
  if (started === undefined) return undefined;
  const threads = await threadsOf(reader, tgid);
  const facts = await factsOf(reader, tgid, nowNs);
  // Read last: a process gives up its memory, where this is kept, before its files, so what was read above was whole.
  const cmdline = await textAside(reader, `proc/${tgid}/cmdline`);
  if (cmdline === undefined || cmdline === '') return undefined;
  const qemu = parseQemu(cmdline);
  const mmu = guestMmu(host, qemu);
  return {
    life: deriveId(host.bootId, tgid, started),
    name: qemu.name || `qemu-${tgid}`,
    uuid: qemu.uuid,
    tgid,
    startedNs: started,
    threads,
    facts: { ...facts, ...(mmu && { mmu }) },
    evidence: evidenceOf(host, { mmu, kvmPr: qemu.kvmType === 'PR' }),
  };
}

async function threadsOf(reader: RootReader, tgid: number): Promise<ThreadSighting[]> {
  const directory = `proc/${tgid}/task`;
  const tids = (await names(reader, directory)) ?? [];
  const threads = await Promise.all(
    tids.map(async (tid) => {
      const started = startedNs((await text(reader, `${directory}/${tid}/stat`)) ?? '');
      return started === undefined ? [] : [{ tid: Number(tid), startedNs: started }];
    }),
  );
  return threads.flat().sort((a, b) => a.tid - b.tid);
}

async function factsOf(reader: RootReader, tgid: number, observedNs: bigint): Promise<Facts> {
  const [files, limits, exe, cgroup] = await Promise.all([
    openFiles(reader, tgid),
    text(reader, `proc/${tgid}/limits`),
    link(reader, `proc/${tgid}/exe`),
    text(reader, `proc/${tgid}/cgroup`),
  ]);
  const memlockBytes = lockedMemory(limits ?? '');
  return {
    observedNs,
    ...files,
    ...(memlockBytes !== undefined && { memlockBytes }),
    ...(exe && { qemu: printable(exe) }),
    ...parseCgroup(cgroup ?? ''),
  };
}

/** Returns the soft limit of locked memory in bytes; 2^64 - 1 stands for unlimited. */
function lockedMemory(limits: string): bigint | undefined {
  const soft = /^Max locked memory +(unlimited|\d{1,20}) /m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? UNLIMITED : BigInt(soft);
}

/**
 * Tells which MMU a guest uses, radix or the hash table (HPT) of older processors; undefined where it cannot be told.
 *
 * On a POWER9 host with a radix MMU a guest chooses when it boots, and nothing that is safe to read tells what it chose:
 * the debugfs file `radix` is there for every VM of such a host, HPT guests too (radix_enabled() in
 * kvmppc_core_init_vm_hv, arch/powerpc/kvm/book3s_hv.c), and to read it walks the guest's page tables; QEMU's
 * arguments say what is offered, not what was taken.
 */
export function guestMmu(host: HostFacts, qemu: QemuArguments): Mmu | undefined {
  // KVM in a guest runs radix guests alone.
  if (host.platform === 'pSeries') return 'radix';
  // Processors up to POWER8 have no radix MMU, and neither has a guest that is told that it runs on one.
  const isOlder = (powerGeneration(host.cpu) ?? 9) <= 8 || /^power[78]/.test(qemu.maxCpuCompat ?? '');
  return isOlder ? 'hpt' : undefined;
}
