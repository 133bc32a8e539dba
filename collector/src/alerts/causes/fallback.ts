/**
 * Causes of a fallback, from the most to the least telling: the first all of whose evidence holds is given.
 * docs/reference/causes.md explains each at length.
 */
import type { Cause } from '../event.js';
import type { FactName } from './facts.js';
import type { ConditionName } from './conditions.js';

export interface FallbackCause extends Cause {
  needs: readonly ConditionName[];
  /** Facts that the cause rests on, to be told first. */
  tells: readonly FactName[];
}

export const FALLBACK_CAUSES = [
  {
    code: 'kernel-too-old',
    confidence: 'likely',
    summary: 'The host kernel cannot keep TCE tables for VFIO devices; Linux can from 4.12 on.',
    advice:
      'Run Linux 4.12 or newer on the host (of Red Hat, 8 or newer), then stop the VM and start it again; until then, keep VFIO ' +
      'devices on a PCI host bridge of their own.',
    needs: ['vfio', 'before412'],
    tells: ['kernel', 'groups', 'tables'],
  },
  {
    code: 'nested-host',
    confidence: 'likely',
    summary: 'The host is itself a guest, and its kernel cannot keep TCE tables for VFIO devices there.',
    advice:
      'Run a kernel on the host that has "KVM: PPC: Enable CAP_SPAPR_TCE_VFIO on pSeries KVM guests" (Linux 6.15, or a ' +
      'late 6.12), then stop the VM and start it again; until then, keep VFIO devices on a PCI host bridge of their own.',
    needs: ['vfio', 'nestedBefore612'],
    tells: ['kernel', 'groups', 'tables'],
  },
  {
    code: 'table-left-kernel-vfio',
    confidence: 'likely',
    summary: 'QEMU took one of the TCE tables out of the kernel when a VFIO device was added.',
    advice:
      'Look whether kernel and QEMU of this host have KVM_CAP_SPAPR_TCE_VFIO, then stop the VM and start it again; unplugging the ' +
      'device does not bring the table back.',
    needs: ['tableLeft', 'newVfioGroup'],
    tells: ['tables', 'groups', 'liobns', 'kernel'],
  },
  {
    code: 'table-left-kernel',
    confidence: 'likely',
    summary: 'One of the TCE tables left the kernel while the VM ran.',
    advice:
      'Look in the log of QEMU for what was plugged or reset at that time; stopping the VM and starting it again brings it back.',
    needs: ['tableLeft'],
    tells: ['tables', 'groups', 'liobns'],
  },
  {
    code: 'memlock-limit',
    confidence: 'likely',
    summary: 'The limit of locked memory leaves QEMU no room for a TCE table in the kernel.',
    advice:
      'Raise the limit (libvirt: <memtune><hard_limit>; systemd: LimitMEMLOCK=; a shell: ulimit -l), then stop the VM ' +
      'and start it again.',
    needs: ['noTable', 'lowLimit'],
    tells: ['memlock', 'tables'],
  },
  {
    code: 'no-in-kernel-table',
    confidence: 'certain',
    summary: 'The kernel serves no TCE table of this VM.',
    advice:
      'Look in the log of QEMU for "Failed to create TCE": most often the limit of locked memory (RLIMIT_MEMLOCK) ' +
      'is too low; raise it, then stop the VM and start it again.',
    needs: ['noTable'],
    tells: ['tables', 'memlock', 'groups'],
  },
  {
    code: 'kvm-pr',
    confidence: 'possible',
    summary: 'The VM runs on KVM PR, where TCE hypercalls cannot be told from others that go to userspace.',
    advice: 'Run the VM on KVM HV (-machine pseries,kvm-type=HV).',
    needs: ['kvmPr'],
    tells: ['flavour'],
  },
  {
    code: 'dynamic-window',
    confidence: 'likely',
    summary: 'The host kernel cannot keep the TCE table of a dynamic DMA window; Linux can from 4.6 on.',
    advice:
      'Run a newer kernel on the host; until then, start the VM without dynamic windows (-global ' +
      'spapr-pci-host-bridge.ddw=off).',
    needs: ['dynamicWindow', 'before46'],
    tells: ['kernel', 'liobns'],
  },
  {
    code: 'no-virtual-mode-handler',
    confidence: 'possible',
    summary: 'The host kernel completes these hypercalls in real mode or not at all, and real mode could not.',
    advice: 'Run Linux 5.4 or newer on the host; until then, look in the log of QEMU for a table that was refused.',
    needs: ['noHandler'],
    tells: ['hypercalls', 'kernel'],
  },
  {
    code: 'multi-tce-not-enabled',
    confidence: 'possible',
    summary: 'The kernel handles H_PUT_TCE, but not the hypercalls for several TCEs at once.',
    advice:
      'Set hist.detail on the agent to see whether this is so on every LIOBN; if it is, QEMU could not enable them ' +
      '(KVM_CAP_PPC_ENABLE_HCALL): update QEMU, then stop the VM and start it again.',
    needs: ['someTable', 'multiTcePunted', 'putsHandled'],
    tells: ['hypercalls', 'tables'],
  },
  {
    code: 'liobn-without-table',
    confidence: 'likely',
    summary: 'The kernel serves no TCE table for one of the LIOBNs of this VM, and serves the others.',
    advice:
      'Look in the log of QEMU for "Failed to create TCE" and raise the limit of locked memory (RLIMIT_MEMLOCK), ' +
      'then stop the VM and start it again; with VFIO devices, look whether kernel and QEMU have KVM_CAP_SPAPR_TCE_VFIO.',
    needs: ['someTable', 'lostLiobn', 'otherLiobnsKept'],
    tells: ['liobns', 'tables', 'groups'],
  },
  {
    code: 'memory-not-preregistered',
    confidence: 'likely',
    summary: 'The kernel refuses to map memory that VFIO has not preregistered, or whose pages are too small.',
    advice:
      'Look in the log of QEMU for "Memory registering failed"; back the VM with pages at least as large as those of ' +
      'its DMA window, and stop and start it again after memory was plugged.',
    needs: ['vfio', 'someTable', 'mapsPunted', 'unmapsHandled'],
    tells: ['hypercalls', 'groups', 'tables'],
  },
  {
    code: 'maps-refused',
    confidence: 'possible',
    summary: 'The kernel has the TCE table, and passes on what the guest maps.',
    advice:
      'Look in the guest for a driver that maps memory of another device, or memory that was unplugged; the kernel maps ' +
      'nothing but RAM.',
    needs: ['someTable', 'mapsPunted', 'unmapsHandled'],
    tells: ['hypercalls', 'tables'],
  },
  {
    code: 'unknown',
    confidence: 'possible',
    summary: 'Hypercalls go to userspace, and what is known of the VM does not tell why.',
    advice:
      'Look in the log of QEMU; grant the agent CAP_SYS_PTRACE if the descriptors of QEMU could not be read, and set ' +
      'hist.detail to learn on which LIOBN it is.',
    needs: [],
    tells: ['tables', 'hypercalls', 'liobns'],
  },
] as const satisfies readonly FallbackCause[];
