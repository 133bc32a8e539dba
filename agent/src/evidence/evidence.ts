/**
 * Evidence for the figures of a VM on a host: which modes cannot occur there, and which nobody can see. The facts are
 * those of the kernel's sources from 3.10-el7 to 7.2 (arch/powerpc/kvm/book3s_hv.c, book3s_hv_rmhandlers.S,
 * book3s_64_vio.c, book3s_64_vio_hv.c). What was not verified there is unobservable, never guessed.
 *
 * Punts and entries into virtual mode are trace events, so what was counted of them is exact on every kernel.
 */
import { HYPERCALL_NAMES, atLeast, kernelVersion, powerGeneration } from '@tcewatch/protocol';
import type { Hypercall, KernelVersion, Mmu, ModeEvidence } from '@tcewatch/protocol';
import type { Reason } from './reasons.js';

/** Facts about the host; a field that could not be read is undefined. */
export interface HostTraits {
  /** Kernel release, from /proc/sys/kernel/osrelease. */
  kernel: string;
  /** Fields `cpu` and `platform` of /proc/cpuinfo. */
  cpu: string;
  platform: string;
  /** Whether /proc/kallsyms has `kvmppc_rm_h_put_tce`. */
  realModeHandlers: boolean | undefined;
}

export interface GuestTraits {
  mmu: Mmu | undefined;
  /** Whether QEMU was told to use KVM PR. */
  kvmPr: boolean;
}

/** Evidence for one mode and hypercall. */
type Known = Pick<ModeEvidence, 'evidence'> & { reason: Reason };
const absent = (reason: Reason): Known => ({ evidence: 'absent', reason });
const unobservable = (reason: Reason): Known => ({ evidence: 'unobservable', reason });

/**
 * Returns the evidence for the three modes of one VM's figures; for `unattributed`, whose guest is not known, likewise.
 */
export function evidenceOf(host: HostTraits, guest: GuestTraits): ModeEvidence[] {
  if (guest.kvmPr) {
    return [
      { mode: 'real', ...absent('kvm-pr') },
      { mode: 'virtual', ...unobservable('kvm-pr') },
      { mode: 'userspace', ...unobservable('kvm-pr') },
    ];
  }
  const version = kernelVersion(host.kernel);
  const real = HYPERCALL_NAMES.map((hypercall) => ({
    mode: 'real' as const,
    hypercall,
    ...realMode(hypercall, host, version, guest.mmu),
  }));
  const absentInVirtual = HYPERCALL_NAMES.filter((hypercall) => version && !hasVirtualHandler(hypercall, version));
  return [
    ...common(real),
    ...absentInVirtual.map((hypercall) => ({
      mode: 'virtual' as const,
      hypercall,
      ...absent('no-virtual-mode-handler'),
    })),
    { mode: 'virtual', evidence: 'exact', reason: '' },
    { mode: 'userspace', evidence: 'exact', reason: '' },
  ];
}

/** Merges entries into one for all hypercalls where they say the same. */
function common(entries: readonly ModeEvidence[]): ModeEvidence[] {
  const [first] = entries;
  const same = entries.every(({ evidence, reason }) => evidence === first?.evidence && reason === first.reason);
  return first && same ? [{ mode: first.mode, evidence: first.evidence, reason: first.reason }] : [...entries];
}

function realMode(
  hypercall: Hypercall,
  { cpu, platform, realModeHandlers }: HostTraits,
  version: KernelVersion | undefined,
  mmu: Mmu | undefined,
): Known {
  if (!version) return unobservable('kernel-unverified');
  const handlers = hasRealModeHandlers(version, realModeHandlers);
  if (handlers === false) return absent('real-mode-retired');
  if (platform === 'pSeries') return absent('nested-virtual-only');
  const generation = powerGeneration(cpu);
  if (generation === undefined) return unobservable('cpu-unknown');
  if (generation >= 9 && atLeast(version, 5, 14)) return absent('power9-virtual-only');
  if (handlers === undefined) return unobservable('kernel-unverified');
  // hcall_real_table of 4.4 and 3.10-el7 has H_GET_TCE and H_PUT_TCE alone; that of 4.9 has all four.
  if (beforeVirtualMode(version) && hypercall !== 'H_GET_TCE' && hypercall !== 'H_PUT_TCE') {
    return absent('no-real-mode-handler');
  }
  if (generation <= 8) return unobservable('real-mode-invisible');
  // KVM on POWER9: 4.14 was read, 4.9 has none.
  if (!atLeast(version, 4, 14)) return unobservable('kernel-unverified');
  if (mmu === 'hpt') return unobservable('real-mode-invisible');
  if (hypercall === 'H_GET_TCE') return unobservable(mmu ? 'get-tce-invisible' : 'real-mode-invisible');
  return mmu ? absent('radix-virtual-only') : unobservable('mmu-unknown');
}

/**
 * Tells whether the kernel has real-mode handlers: by kallsyms, where the name is known to mean that; else by the
 * version, but for 5.18, which was not verified.
 */
function hasRealModeHandlers(version: KernelVersion, inKallsyms: boolean | undefined): boolean | undefined {
  // Before 4.6 the handlers bore other names.
  if (inKallsyms !== undefined && (inKallsyms || atLeast(version, 4, 9))) return inKallsyms;
  if (atLeast(version, 5, 19)) return false;
  return atLeast(version, 5, 18) ? undefined : true;
}

/** Tells kernels whose kvmppc_pseries_do_hcall has no TCE hypercall: each ends in real mode or in userspace. */
function beforeVirtualMode({ major, minor, el }: KernelVersion): boolean {
  return (major === 4 && minor === 4) || (major === 3 && minor === 10 && el === 'el7');
}

function hasVirtualHandler(hypercall: Hypercall, version: KernelVersion): boolean {
  if (beforeVirtualMode(version)) return false;
  // The case for H_GET_TCE is absent from 4.4 to 4.19, present in 5.4 and in Red Hat's 4.18.
  const lacksGetTce = version.major === 4 && version.minor >= 4 && version.minor <= 19 && version.el !== 'el8';
  return hypercall !== 'H_GET_TCE' || !lacksGetTce;
}
