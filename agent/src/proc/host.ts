/** Facts about the host itself, which do not change until the next boot. */
import { NIL_UUID, isId } from '@tcewatch/protocol';
import type { HostTraits } from '../evidence/evidence.js';
import { printable } from '../printable.js';
import { text, textAside } from './root-reader.js';
import type { RootReader } from './root-reader.js';

export interface HostFacts extends HostTraits {
  /** Name of the host; empty where it has none. */
  hostname: string;
  /** Contents of /etc/machine-id. */
  machineId: string | undefined;
  /** Boot id as UUID text; all zero where /proc does not tell. */
  bootId: string;
}

/** Stands for the boot of a host that does not tell. */
export const NO_BOOT = NIL_UUID;

export async function readHost(reader: RootReader): Promise<HostFacts> {
  const line = async (path: string) => (await text(reader, path))?.trim() ?? '';
  const [hostname, kernel, bootId, machineId, cpuinfo, kallsyms] = await Promise.all([
    line('proc/sys/kernel/hostname'),
    line('proc/sys/kernel/osrelease'),
    line('proc/sys/kernel/random/boot_id'),
    line('etc/machine-id'),
    line('proc/cpuinfo'),
    textAside(reader, 'proc/kallsyms'),
  ]);
  return {
    hostname: hostname === '(none)' ? '' : printable(hostname),
    kernel: printable(kernel),
    bootId: isId(bootId) ? bootId : NO_BOOT,
    machineId: printable(machineId) || undefined,
    cpu: cpuinfoField(cpuinfo, 'cpu'),
    platform: cpuinfoField(cpuinfo, 'platform'),
    realModeHandlers: realModeHandlers(kallsyms),
  };
}

function cpuinfoField(cpuinfo: string, name: string): string {
  return printable(new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1]?.trim() ?? '');
}

/**
 * Tells whether kallsyms has real-mode handlers; undefined when it says nothing of KVM: then symbols were hidden, or
 * KVM is not loaded.
 */
function realModeHandlers(kallsyms: string | undefined): boolean | undefined {
  if (!kallsyms?.includes(' kvmppc_')) return undefined;
  return kallsyms.includes(' kvmppc_rm_h_put_tce');
}
