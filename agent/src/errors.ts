/**
 * The table of the agent's error codes, and the one error that bears them. The codes are values of the label `code` of
 * `tcewatch_agent_failed_readings_total`, and docs/reference/errors.md is generated from this table.
 */
import type { ErrorCodeTable } from '@tcewatch/common';

export const ERRORS = {
  'guest-unknown': {
    meaning: 'The guest does not know its own uuid, so its counts would belong to no VM of a host.',
    remedy: 'Give the guest a uuid on its host (QEMU `-uuid`, `<uuid>` in libvirt), and mount /proc.',
  },
  'hcall-inst-malformed': {
    meaning: "The kernel's own statistics of hypercalls (debugfs hcall_inst) cannot be understood.",
    remedy: 'Report it, with the file and the line that the message names.',
  },
  'hist-full': {
    meaning: 'A histogram of `verify` was full and lost calls, so nothing could be compared.',
    remedy: 'Give `verify` a larger `--hist-size`.',
  },
  'hist-malformed': {
    meaning: 'The kernel printed a histogram that cannot be understood.',
    remedy: 'Report it, with the file that the message names.',
  },
  'instance-removed': {
    meaning: "Somebody removed the agent's tracefs instance, and with it what was counted since the last reading.",
    remedy: 'Leave tracefs instances that are named `tcewatch-*` alone; a new one is made by itself.',
  },
  internal: {
    meaning: 'The agent has met an error that it does not foresee: a fault in it.',
    remedy: "Report it, with the line of the log that has the error's stack.",
  },
  'kvm-hv-not-loaded': {
    meaning: 'The kernel has no trace events of KVM HV, because its module is not loaded.',
    remedy: 'Load it with `modprobe kvm_hv`; counting goes on by itself.',
  },
  'kvm-not-loaded': {
    meaning: 'The kernel has no trace events of KVM, because none of its modules is loaded.',
    remedy: 'Load one with `modprobe kvm_pr` or `modprobe kvm_hv`.',
  },
  lockdown: {
    meaning: 'The kernel is locked down for confidentiality, so nobody may trace.',
    remedy: 'Boot without `lockdown=confidentiality`; `lockdown=integrity` allows tracing.',
  },
  'no-guest': {
    meaning: 'The machine is no pseries guest, or its kernel has no trace events of hypercalls.',
    remedy: 'Use the source `hist` on hosts, and `guest` inside of guests.',
  },
  'no-synthetic-events': {
    meaning: 'The kernel has no synthetic events, which `hist.detail` pairs calls by.',
    remedy: 'Use a kernel with CONFIG_SYNTH_EVENTS, or do without `hist.detail`: all other counts are complete.',
  },
  'not-mounted': {
    meaning: 'There is no tracefs below the root directory.',
    remedy: 'Mount it with `mount -t tracefs nodev /sys/kernel/tracing`.',
  },
  permission: {
    meaning: 'The agent may not read or write a file that it needs.',
    remedy: 'Run it as root, or grant the capability that the message names.',
  },
  'pid-namespace': {
    meaning: "/proc is that of a container, but the kernel's events bear the host's thread ids.",
    remedy: 'Run the container with `hostPID: true` (Kubernetes) or `--pid=host` (Podman, Docker).',
  },
  'proc-unreadable': {
    meaning: 'There is no /proc below the root directory.',
    remedy: 'Mount it there, or correct the setting `root`.',
  },
  'recording-exists': {
    meaning: 'The directory for a new recording is not empty.',
    remedy: 'Give `record` an empty directory, or one that is not there yet.',
  },
  'recording-malformed': {
    meaning: 'A file of the recording cannot be understood.',
    remedy: 'Restore the file that the message names, or make another recording.',
  },
  'recording-missing': {
    meaning: 'The directory holds no recording.',
    remedy: 'Give a directory that `record` has made.',
  },
  'recording-unreadable': {
    meaning: 'A file of the recording cannot be read.',
    remedy: 'Do what the message says about the file that it names.',
  },
  'recording-unwritable': {
    meaning: 'The recording cannot be written any more; what it holds so far can be replayed.',
    remedy: 'Do what the message says: mostly make room on the disk.',
  },
  'ring-lost': {
    meaning: 'A ring buffer of `verify` was full and lost calls, so nothing could be compared.',
    remedy: 'Give `verify` a larger `--ring-kb-per-cpu`.',
  },
  'ring-refused': {
    meaning: 'The kernel refused a setting of a ring buffer.',
    remedy: 'Do what the message says: mostly make `--ring-kb-per-cpu` smaller.',
  },
  'ring-undecodable': {
    meaning: 'The kernel writes events of the ring buffer in a way that is not known.',
    remedy: 'Report it, with the file that the message names.',
  },
  'ring-unreadable': {
    meaning: 'A ring buffer cannot be read.',
    remedy: 'Do what the message says about the file that it names.',
  },
  'state-stale': {
    meaning: 'The state for the next start can be neither written nor removed, so nothing is sent.',
    remedy: 'Make `state.directory` writable, or give another.',
  },
  'state-unusable': {
    meaning: 'The state of the former agent cannot be used, so what was counted since its last reading is lost.',
    remedy: 'Make `state.directory` readable; a damaged file is set aside, and counting starts from zero.',
  },
  'tracefs-failed': {
    meaning: 'A file of tracefs failed in a way that has no code of its own.',
    remedy: 'Do what the message says about the file that it names.',
  },
  'trigger-paused': {
    meaning: 'Somebody paused a hist trigger; calls in between were not counted, and nobody knows how many.',
    remedy: 'Leave tracefs instances that are named `tcewatch-*` alone; the trigger is set going again by itself.',
  },
  'trigger-refused': {
    meaning: 'The kernel does not know hist triggers as the agent needs them.',
    remedy: 'Use Linux 4.17 or later with CONFIG_HIST_TRIGGERS.',
  },
  'trigger-removed': {
    meaning: 'Somebody removed a hist trigger, and with it what was counted since the last reading.',
    remedy: 'Leave tracefs instances that are named `tcewatch-*` alone; a new one is made by itself.',
  },
} as const satisfies ErrorCodeTable;

export type ErrorCode = keyof typeof ERRORS;

/** A foreseen error: its message says what happened, to what, and what to do; its code is counted. */
export class AgentError extends Error {
  override readonly name = 'AgentError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
