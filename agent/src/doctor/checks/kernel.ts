/** Checks of the processor and of what its kernel can do. */
import { atLeast, kernelVersion } from '@tcewatch/protocol';
import type { KernelVersion } from '@tcewatch/protocol';
import { LOCKED_DOWN } from '../../sources/preflight.js';
import { missing, ok, unknown } from '../check.js';
import type { Check } from '../check.js';

export const processor: Check = {
  id: 'processor',
  title: 'processor',
  inspect: ({ power, host }) => {
    if (power === undefined) return [unknown('/proc/cpuinfo cannot be read')];
    if (!power) return [missing('not a POWER processor, so there are no TCE hypercalls', 'run this on a POWER host')];
    return [ok(`${host.cpu}, ${host.platform || 'platform not told'}`)];
  },
};

export const lockdown: Check = {
  id: 'lockdown',
  title: 'kernel lockdown',
  inspect: ({ lockdown }) => {
    if (lockdown !== 'confidentiality') return [ok(lockdown ?? 'none')];
    return [missing(LOCKED_DOWN.says, LOCKED_DOWN.fix)];
  },
};

export const kvm: Check = {
  id: 'kvm-hv',
  title: 'KVM HV',
  inspect: ({ modules, events, tracefs }) => {
    if (events.enter === 'there' && events.exit === 'there') return [ok('loaded, with its trace events')];
    const pr = modules?.has('kvm_pr') === true;
    if (modules?.has('kvm_hv') === true) {
      return tracefs === 'there'
        ? [missing('loaded, but without trace events', 'a kernel with CONFIG_TRACEPOINTS is needed')]
        : [unknown('loaded; its trace events cannot be seen without tracefs')];
    }
    if (pr)
      return [missing('KVM PR is loaded instead: it has no real mode and no hypercall events', 'modprobe kvm_hv')];
    if (modules === undefined && tracefs !== 'there') return [unknown('neither /proc/modules nor tracefs tells')];
    return [missing('not loaded', 'modprobe kvm_hv')];
  },
};

export const tceSupport: Check = {
  id: 'tce-handlers',
  title: 'TCE handlers',
  inspect: ({ tceHandlers, modules }) => {
    if (tceHandlers === undefined) return [unknown('/proc/kallsyms says nothing of KVM')];
    if (tceHandlers) return [ok('in the kernel')];
    // They come with the modules of KVM, of which the kernel has some symbols built in.
    if (modules?.has('kvm') === false) return [unknown('told once KVM HV is loaded')];
    const says = 'none in this kernel: every TCE hypercall goes to userspace';
    return [missing(says, 'use a kernel with CONFIG_SPAPR_TCE_IOMMU=y')];
  },
};

/**
 * Checks for KVM_CAP_SPAPR_TCE_VFIO, without which QEMU keeps the tables of host bridges with VFIO devices to itself.
 */
export const tceVfio: Check = {
  id: 'tce-vfio',
  title: 'acceleration with VFIO',
  inspect: ({ host }) => {
    const version = kernelVersion(host.kernel);
    if (!version) return [unknown(`the kernel's version is not known: ${JSON.stringify(host.kernel)}`)];
    const has = hasTceVfio(version, host.platform);
    if (has === undefined) return [unknown('not verified for this kernel')];
    if (has) return [ok('KVM_CAP_SPAPR_TCE_VFIO')];
    const fix = host.platform === 'pSeries' ? 'use Linux 6.12 or later on this host' : 'use Linux 4.14 or later';
    return [missing('no KVM_CAP_SPAPR_TCE_VFIO: VMs with VFIO devices lose acceleration', fix)];
  },
};

/**
 * Tells whether a kernel has KVM_CAP_SPAPR_TCE_VFIO: absent in 4.9 and 3.10-el7, present in 4.14; from RHEL 8's 4.18
 * and 5.4 to 6.1 on bare metal alone (CPU_FTR_HVMODE in kvm_vm_ioctl_check_extension), and in 6.12 and 7.2 everywhere.
 */
function hasTceVfio(version: KernelVersion, platform: string): boolean | undefined {
  if (!atLeast(version, 4, 10)) return false;
  if (!atLeast(version, 4, 14)) return undefined;
  if (platform === 'PowerNV' || atLeast(version, 6, 12)) return true;
  if (platform !== 'pSeries') return undefined;
  if (!atLeast(version, 5, 4)) return version.el === 'el8' ? false : undefined;
  return atLeast(version, 6, 2) ? undefined : false;
}
