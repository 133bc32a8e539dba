/** Checks of the kernel's tracing, which all sources count with. */
import { atLeast, kernelVersion } from '@tcewatch/protocol';
import { missing, ok, unknown } from '../check.js';
import type { Check } from '../check.js';

export const tracefs: Check = {
  id: 'tracefs',
  title: 'tracefs',
  inspect: ({ tracefs, lockdown }) => {
    if (tracefs === 'there') return [ok('mounted')];
    if (tracefs === 'absent') return [missing('not mounted', 'mount -t tracefs nodev /sys/kernel/tracing')];
    const locked = lockdown === 'confidentiality' ? '; the kernel is locked down' : '';
    return [missing(`may not be read${locked}`, 'run as root, or grant CAP_DAC_OVERRIDE')];
  },
};

/** Checks for hist triggers with three keys: Linux 4.17, and Red Hat's 4.18. */
export const histTriggers: Check = {
  id: 'hist-triggers',
  title: 'hist triggers',
  inspect: ({ histTriggers, host }) => {
    const version = kernelVersion(host.kernel);
    if (version && !atLeast(version, 4, 17)) {
      return [missing('too old in this kernel', 'use Linux 4.17 or later')];
    }
    if (histTriggers === undefined) return [unknown('neither a trigger file nor /boot/config tells')];
    if (histTriggers) return [ok('in the kernel')];
    return [missing('not in this kernel', 'use a kernel with CONFIG_HIST_TRIGGERS=y')];
  },
};

/** Checks for synthetic events, by which `hist.detail` pairs calls: Linux 4.17, an option of its own from 5.10. */
export const syntheticEvents: Check = {
  id: 'synthetic-events',
  title: 'synthetic events',
  inspect: ({ syntheticEvents, self }) => {
    if (syntheticEvents === 'there') return [ok('in the kernel')];
    if (syntheticEvents === 'denied' || self === undefined) return [unknown('tracefs does not tell')];
    return [missing('not in this kernel', 'use a kernel with CONFIG_SYNTH_EVENTS=y')];
  },
};

export const userspaceExit: Check = {
  id: 'userspace-exit-event',
  title: 'event kvm:kvm_userspace_exit',
  inspect: ({ events }) => [
    events.userspaceExit === 'there' ? ok('there') : missing('not there', 'modprobe kvm_hv, or kvm_pr'),
  ],
};

/** Checks for the events that a guest counts itself with; the question does not arise on a host that is no guest. */
export const guestEvents: Check = {
  id: 'guest-events',
  title: 'hypercalls that this machine issues',
  inspect: ({ events, hcallInst, host }) => {
    if (host.platform !== 'pSeries') {
      return [missing('this machine is no guest', 'run the agent with `source: guest` inside the guests')];
    }
    if (events.guestEntry === 'there' || hcallInst === 'there') return [ok('can be counted')];
    return [unknown('neither powerpc:hcall_entry nor hcall_inst can be seen')];
  },
};
