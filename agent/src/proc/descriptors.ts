/** Reads the open files of a QEMU process: tables that the kernel serves, VFIO groups, vCPUs. */
import { DEFAULT_LIMITS } from '@tcewatch/protocol';
import type { Descriptors } from '@tcewatch/protocol';
import { links } from './root-reader.js';
import type { RootReader } from './root-reader.js';

export interface OpenFiles {
  descriptors: Descriptors;
  vcpus: number;
}

const KVM_VM = 'anon_inode:kvm-vm';
const TCE_TABLE = 'anon_inode:kvm-spapr-tce';
/** Times that the list is read again when files were closed meanwhile. */
const ATTEMPTS = 3;

/**
 * Lists the open files; undefined when they cannot be read, or do not stand still: half a list would read as tables
 * that left the kernel.
 */
export async function openFiles(reader: RootReader, tgid: number): Promise<OpenFiles | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const targets = await linksOf(reader, tgid);
    if (!targets) return undefined;
    const there = targets.filter((target) => target !== undefined);
    // A process that ends closes its files before it is gone.
    if (there.length === targets.length) return there.includes(KVM_VM) ? interpret(there) : undefined;
  }
  return undefined;
}

/** Tells whether the process holds a VM. */
export async function holdsVm(reader: RootReader, tgid: number): Promise<boolean> {
  return (await linksOf(reader, tgid))?.includes(KVM_VM) ?? false;
}

function linksOf(reader: RootReader, tgid: number): Promise<(string | undefined)[] | undefined> {
  return links(reader, `proc/${tgid}/fd`);
}

function interpret(targets: readonly string[]): OpenFiles {
  const groups = targets.flatMap((target) => /^\/dev\/vfio\/(\d{1,9})$/.exec(target)?.[1] ?? []).map(Number);
  return {
    descriptors: {
      tceTables: targets.filter((target) => target === TCE_TABLE).length,
      // A batch may not hold longer lists; no host has that many groups for one VM.
      vfioGroups: [...new Set(groups)].sort((a, b) => a - b).slice(0, DEFAULT_LIMITS.list),
    },
    vcpus: targets.filter((target) => /^anon_inode:kvm-vcpu(:\d+)?$/.test(target)).length,
  };
}
