/**
 * What is known of a VM whose hypercalls go to userspace, and what can be said of it. Each thing said rests on something
 * that was seen: what is not known makes nothing true, so that less knowledge never tells more.
 */
import { atLeast, evidenceFor, kernelVersion } from '@tcewatch/protocol';
import type { Host, Hypercall, Vm } from '@tcewatch/protocol';
import type { CallCounts, CallEvidence, SeenDescriptors } from '../event.js';

export interface FallbackEvidence {
  host: Host;
  vm: Vm;
  /** Calls since they began to fall back. */
  calls: CallEvidence;
  before: SeenDescriptors | null;
  after: SeenDescriptors | null;
  /** No call of this life was ever handled in the kernel. */
  never: boolean;
}

/**
 * Bytes of a table for the default DMA window of a PCI host bridge: 8 for each of the 4 KiB pages of 1 GiB
 * (`dma_win_size` in hw/ppc/spapr_pci.c of QEMU). The kernel charges it to the limit of locked memory, with a few more.
 */
export const DEFAULT_TABLE_BYTES = 2n << 20n;

/** Calls below which there is no pattern. */
const FEW = 10;
/**
 * Up to this share are odd calls: those that a guest got wrong, or that were made between the readings of the two counters,
 * which on a loaded host are up to 6 % of ten seconds (recording fallback-6.1).
 */
const ODD = 0.05;

function odd({ entered, punted }: CallCounts): boolean {
  return entered >= FEW && punted <= entered * ODD;
}

function nearlyAll({ entered, punted }: CallCounts): boolean {
  return entered >= FEW && punted >= entered * (1 - ODD);
}

function countsOf({ calls }: FallbackEvidence, hypercall: Hypercall): CallCounts {
  return calls.hypercalls[hypercall] ?? { entered: 0, punted: 0 };
}

/** Whether the punts of a hypercall are those of that hypercall alone, which on KVM PR they are not. */
function exact({ vm }: FallbackEvidence, hypercall: Hypercall): boolean {
  return evidenceFor(vm.evidence, 'userspace', hypercall).evidence === 'exact';
}

/** Whether all calls of a hypercall are seen: none is completed in real mode. */
function whole(known: FallbackEvidence, hypercall: Hypercall): boolean {
  return exact(known, hypercall) && evidenceFor(known.vm.evidence, 'real', hypercall).evidence === 'absent';
}

/** LIOBNs nearly all of whose calls went to userspace; none where some of their calls may not be seen. */
function lostLiobns(known: FallbackEvidence): CallEvidence['liobns'] {
  const called = namesOf(known.calls.hypercalls);
  if (called.length === 0 || !called.every((hypercall) => whole(known, hypercall))) return [];
  return known.calls.liobns.filter(nearlyAll);
}

/** The hypercalls that were called. */
export function namesOf(hypercalls: CallEvidence['hypercalls']): Hypercall[] {
  return (Object.keys(hypercalls) as Hypercall[]).filter((name) => (hypercalls[name]?.entered ?? 0) > 0);
}

/** Condition on what is known: in words that follow "known by", and as a test. */
interface Condition {
  says: string;
  holds: (known: FallbackEvidence) => boolean;
}

/** Conditions that a cause can rest on. */
export const CONDITIONS = {
  vfio: {
    says: 'QEMU holds a VFIO group',
    holds: ({ after }) => (after?.vfioGroups.length ?? 0) > 0,
  },
  newVfioGroup: {
    says: 'QEMU holds a VFIO group that it did not hold before',
    holds: ({ before, after }) =>
      before !== null && (after?.vfioGroups.some((group) => !before.vfioGroups.includes(group)) ?? false),
  },
  tableLeft: {
    says: 'QEMU holds fewer TCE tables in the kernel than before',
    holds: ({ before, after }) => before !== null && after !== null && before.tceTables > after.tceTables,
  },
  noTable: {
    says: 'QEMU holds no TCE table in the kernel',
    holds: ({ after }) => after?.tceTables === 0,
  },
  someTable: {
    says: 'QEMU holds a TCE table in the kernel',
    holds: ({ after }) => (after?.tceTables ?? 0) > 0,
  },
  // Absent in 3.10-el7, 4.4 and 4.9, present in 4.14 (kvm_vm_ioctl_check_extension, arch/powerpc/kvm/powerpc.c).
  before412: {
    says: 'the host runs a kernel before 4.12',
    holds: ({ host }) => isBefore(host, 4, 12),
  },
  // There `!!cpu_has_feature(CPU_FTR_HVMODE)` in Red Hat's 4.18 and from 5.4 until the fix "KVM: PPC: Enable
  // CAP_SPAPR_TCE_VFIO on pSeries KVM guests" of 2025, which went to 6.15 and to late patch levels from 6.12 on.
  nestedBefore612: {
    says: "the host is itself a guest and runs a kernel from 5.4 (or Red Hat's 4.18) to 6.11",
    holds: ({ host }) => {
      const version = kernelVersion(host.kernel);
      const read = version !== undefined && (atLeast(version, 5, 4) || version.el === 'el8');
      return host.platform === 'pSeries' && read && isBefore(host, 6, 12);
    },
  },
  // KVM_CAP_SPAPR_TCE_64: absent in 4.4, present in 4.9.
  before46: {
    says: 'the host runs a kernel before 4.6',
    holds: ({ host }) => isBefore(host, 4, 6),
  },
  lowLimit: {
    says: 'QEMU may lock no more memory than the table of one default DMA window takes (2 MiB)',
    holds: ({ vm }) => vm.facts?.memlockBytes !== undefined && vm.facts.memlockBytes <= DEFAULT_TABLE_BYTES,
  },
  kvmPr: {
    says: 'the VM runs on KVM PR',
    holds: ({ vm }) => vm.evidence.some(({ reason }) => reason === 'kvm-pr' || reason === 'all-hypercalls-counted'),
  },
  // SPAPR_PCI_LIOBN of QEMU: 0x80000000, the host bridge's index << 8, and the window, of which 0 is the default one.
  dynamicWindow: {
    says: 'punts are on the LIOBN of a dynamic DMA window (0x80000000 and more, not ending in 00)',
    holds: ({ calls }) =>
      calls.liobns.some(({ liobn, punted }) => punted >= FEW && /^8[0-9a-f]{5}(?!00)[0-9a-f]{2}$/.test(liobn)),
  },
  lostLiobn: {
    says: 'nearly all calls on a LIOBN went to userspace',
    holds: (known) => lostLiobns(known).length > 0,
  },
  // Were it so on every LIOBN, it would be so of all calls together.
  otherLiobnsKept: {
    says: "not nearly all of the VM's calls did",
    holds: ({ calls }) => calls.entered >= FEW && !nearlyAll(calls),
  },
  noHandler: {
    says: 'all punts are of hypercalls that this kernel completes in real mode or not at all',
    holds: ({ vm, calls }) => {
      const without = namesOf(calls.hypercalls).filter(
        (name) => evidenceFor(vm.evidence, 'virtual', name).reason === 'no-virtual-mode-handler',
      );
      const punted = without.reduce((sum, name) => sum + (calls.hypercalls[name]?.punted ?? 0), 0);
      return punted >= FEW && punted >= calls.punted;
    },
  },
  multiTcePunted: {
    says: 'nearly all of both H_PUT_TCE_INDIRECT and H_STUFF_TCE went to userspace',
    holds: (known) =>
      (['H_PUT_TCE_INDIRECT', 'H_STUFF_TCE'] as const).every(
        (name) => whole(known, name) && nearlyAll(countsOf(known, name)),
      ),
  },
  putsHandled: {
    says: 'hardly any H_PUT_TCE did',
    holds: (known) => exact(known, 'H_PUT_TCE') && odd(countsOf(known, 'H_PUT_TCE')),
  },
  mapsPunted: {
    says: 'H_PUT_TCE or H_PUT_TCE_INDIRECT went to userspace',
    holds: (known) =>
      (['H_PUT_TCE', 'H_PUT_TCE_INDIRECT'] as const).some((name) => {
        const { entered, punted } = countsOf(known, name);
        return exact(known, name) && punted >= FEW && punted > entered * ODD;
      }),
  },
  unmapsHandled: {
    says: 'hardly any H_STUFF_TCE did',
    holds: (known) => exact(known, 'H_STUFF_TCE') && odd(countsOf(known, 'H_STUFF_TCE')),
  },
} as const satisfies Record<string, Condition>;

export type ConditionName = keyof typeof CONDITIONS;

/** Whether the host is known to run a kernel before `major.minor`. */
function isBefore({ kernel }: Host, major: number, minor: number): boolean {
  const version = kernelVersion(kernel);
  return version !== undefined && !atLeast(version, major, minor);
}
