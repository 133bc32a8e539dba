/** Checks of what the agent may read and write. */
import { NO_BOOT } from '../../proc/host.js';
import { FOREIGN_PIDS } from '../../sources/preflight.js';
import { missing, ok, unknown } from '../check.js';
import type { Check } from '../check.js';

/** Numbers of capabilities (include/uapi/linux/capability.h). */
const CAP_DAC_OVERRIDE = 1n;
const CAP_DAC_READ_SEARCH = 2n;
const CAP_SYS_PTRACE = 19n;

export const proc: Check = {
  id: 'proc',
  title: '/proc',
  inspect: ({ host, root }) => [
    host.bootId === NO_BOOT
      ? missing(
          `not readable below ${root}`,
          'mount -t proc proc /proc; in a container give --root the tree of its host',
        )
      : ok('readable'),
  ],
};

export const pidNamespace: Check = {
  id: 'pid-namespace',
  title: 'pid namespace',
  inspect: ({ firstPidNamespace }) => {
    if (firstPidNamespace === undefined) return [unknown('not told by /proc/1/ns/pid or /proc/2')];
    if (firstPidNamespace) return [ok("the host's")];
    return [missing(FOREIGN_PIDS.says, FOREIGN_PIDS.fix)];
  },
};

/** Checks capabilities: root owns tracefs and debugfs, so another user needs one to get past their permissions. */
export const capabilities: Check = {
  id: 'capabilities',
  title: 'capabilities',
  inspect: ({ self }) => {
    if (!self) return [unknown('this is a recorded host')];
    const has = (capability: bigint) => ((self.capabilities >> capability) & 1n) === 1n;
    const lacks = [
      ...(self.uid !== 0 && !has(CAP_DAC_OVERRIDE) ? ['CAP_DAC_OVERRIDE'] : []),
      ...(self.uid === 0 && !has(CAP_DAC_OVERRIDE) && !has(CAP_DAC_READ_SEARCH) ? ['CAP_DAC_READ_SEARCH'] : []),
      ...(has(CAP_SYS_PTRACE) ? [] : ['CAP_SYS_PTRACE']),
    ];
    if (lacks.length === 0) return [ok('enough to trace and to see the descriptors of QEMU')];
    const fix = `run as root, or set AmbientCapabilities=${lacks.join(' ')} in the systemd unit`;
    return [missing(`${lacks.join(' and ')} not granted to this process (user ${self.uid})`, fix)];
  },
};

export const debugfs: Check = {
  id: 'debugfs',
  title: 'debugfs',
  inspect: ({ debugfs, vms }) => {
    if (debugfs === 'there') return [ok('/sys/kernel/debug/kvm lists the VMs')];
    if (debugfs === 'denied') {
      return [missing('/sys/kernel/debug may not be read', 'run as root, or grant CAP_DAC_READ_SEARCH')];
    }
    const says = 'no /sys/kernel/debug/kvm: VMs are looked for in all of /proc';
    return [vms?.length === 0 ? ok(says) : missing(says, 'mount -t debugfs nodev /sys/kernel/debug')];
  },
};
