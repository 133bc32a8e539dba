/** Checks of each VM that runs: whether its hypercalls can be handled in the kernel, and all of them be seen. */
import { HYPERCALL_NAMES, evidenceFor } from '@tcewatch/protocol';
import { REASONS } from '../../evidence/reasons.js';
import type { VmSighting } from '../../model.js';
import { UNLIMITED } from '../../proc/vms.js';
import { missing, ok, unknown } from '../check.js';
import type { Check, Finding } from '../check.js';
import type { Inspection } from '../inspect.js';

/**
 * Locked memory that is enough for tables, in bytes. A table for the default window of 1 GiB with entries of 4 KiB
 * takes 2 MiB (kvmppc_account_memlimit); kernels up to 5.15 allow 64 KiB by default, later ones 8 MiB.
 */
const ROOM_FOR_TABLES = 8n << 20n;

function perVm(check: (vm: VmSighting) => Finding | undefined): (seen: Inspection) => Finding[] {
  return ({ vms }) =>
    (vms ?? []).flatMap((vm) => {
      const finding = check(vm);
      return finding ? [{ ...finding, subject: vm.name }] : [];
    });
}

export const listed: Check = {
  id: 'vms',
  title: 'VMs',
  inspect: ({ vms, vmProblems }) => {
    if (vms === undefined) return [unknown(vmProblems[0] ?? 'cannot be listed')];
    return [ok(vms.length === 1 ? '1 runs' : `${vms.length} run`)];
  },
};

export const tables: Check = {
  id: 'vm-tables',
  title: 'TCE tables in the kernel',
  inspect: perVm(({ facts }) => {
    const descriptors = facts?.descriptors;
    if (!descriptors) return unknown('its descriptors cannot be read', 'run as root, or grant CAP_SYS_PTRACE');
    const { tceTables, vfioGroups } = descriptors;
    const vfio = vfioGroups.length > 0 ? ` and VFIO groups ${vfioGroups.join(', ')}` : '';
    if (tceTables > 0) return ok(`${tceTables}${vfio}`);
    const fix =
      'QEMU\'s log says why ("Failed to create TCE"): most often the limit of locked memory; raise it, stop ' +
      'the VM and start it again';
    return missing(`none${vfio}: every TCE hypercall goes to userspace`, fix);
  }),
};

export const memlock: Check = {
  id: 'vm-memlock',
  title: 'limit of locked memory',
  inspect: perVm(({ facts }) => {
    const limit = facts?.memlockBytes;
    if (limit === undefined) return unknown('/proc does not tell');
    if (limit === UNLIMITED) return ok('unlimited');
    const size = `${Number(limit >> 10n).toLocaleString('en')} KiB`;
    if (limit >= ROOM_FOR_TABLES && facts?.descriptors?.tceTables !== 0) return ok(size);
    const fix = 'raise it: <memtune><hard_limit> in libvirt, LimitMEMLOCK= in a systemd unit, ulimit -l in a shell';
    return missing(`${size}: the kernel may refuse TCE tables beyond it`, fix);
  }),
};

export const modes: Check = {
  id: 'vm-modes',
  title: 'modes that can be seen',
  inspect: perVm(({ evidence }) => {
    const hidden = (['real', 'virtual', 'userspace'] as const).flatMap((mode) =>
      HYPERCALL_NAMES.map((hypercall) => ({ mode, hypercall, ...evidenceFor(evidence, mode, hypercall) })).filter(
        (known) => known.evidence === 'unobservable',
      ),
    );
    const [first] = hidden;
    if (!first) return ok('all');
    const names = [...new Set(hidden.map(({ mode }) => mode))].join(' and ');
    const says = `${names} cannot be counted. ${sentences.get(first.reason) ?? first.reason}`;
    const fix =
      first.reason === 'kvm-pr'
        ? 'start the VM on KVM HV (-machine pseries,kvm-type=HV)'
        : 'run the agent with `source: guest` inside the guest; real mode is then derived';
    return missing(says, fix);
  }),
};

const sentences = new Map<string, string>(Object.entries(REASONS));
