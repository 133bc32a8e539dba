/** Inspects a host for the doctor: reads everything that the checks judge, once, and changes nothing. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmSighting } from '../model.js';
import { readHost } from '../proc/host.js';
import type { HostFacts } from '../proc/host.js';
import { openRoot, problemsOf, text, textAside } from '../proc/root-reader.js';
import type { RootReader } from '../proc/root-reader.js';
import { uptimeNs } from '../proc/stat.js';
import { sightVms } from '../proc/vms.js';
import { inFirstPidNamespace, lockdownOf } from '../sources/preflight.js';
import { MOUNT_POINTS } from '../tracefs/instances.js';

export type Presence = 'there' | 'absent' | 'denied';

/** The events that sources count with. */
export const EVENTS = {
  enter: 'kvm_hv/kvm_hcall_enter',
  exit: 'kvm_hv/kvm_hcall_exit',
  userspaceExit: 'kvm/kvm_userspace_exit',
  guestEntry: 'powerpc/hcall_entry',
} as const;
export type EventName = keyof typeof EVENTS;

export interface Inspection {
  root: string;
  host: HostFacts;
  /** Whether /proc/cpuinfo names a POWER processor; undefined when it cannot be read. */
  power: boolean | undefined;
  /** Names of loaded modules; undefined when /proc does not tell. */
  modules: ReadonlySet<string> | undefined;
  /** Whether kallsyms has handlers of TCE hypercalls; undefined when it says nothing of KVM. */
  tceHandlers: boolean | undefined;
  /** Whether the pid namespace of the mounted /proc is the kernel's first, whose thread ids the events bear. */
  firstPidNamespace: boolean | undefined;
  /** Effective capabilities of this process (CapEff), and its user id; undefined for a recorded host. */
  self: { capabilities: bigint; uid: number } | undefined;
  /** The kernel's lockdown mode in force, where it has one: none, integrity, confidentiality. */
  lockdown: string | undefined;
  tracefs: Presence;
  events: Record<EventName, Presence>;
  /** Whether the kernel was built with hist triggers. */
  histTriggers: boolean | undefined;
  /** Presence of the tracefs file `synthetic_events`, by which calls are paired. */
  syntheticEvents: Presence;
  /** Presence of /sys/kernel/debug/kvm. */
  debugfs: Presence;
  /** Presence of /sys/kernel/debug/hcall_inst. */
  hcallInst: Presence;
  /** VMs of the host; undefined when nobody can tell. */
  vms: VmSighting[] | undefined;
  /** Problems in reading the VMs, in words for the operator. */
  vmProblems: string[];
}

/** Inspects the host below `root`; whatever cannot be read is part of the result. */
export async function inspect(root: string): Promise<Inspection> {
  const reader = openRoot(root);
  const vmReader = openRoot(root);
  const host = await readHost(reader);
  const [cpuinfo, modules, kallsyms, self, uptime] = await Promise.all([
    text(reader, 'proc/cpuinfo'),
    text(reader, 'proc/modules'),
    textAside(reader, 'proc/kallsyms'),
    text(reader, 'proc/self/status'),
    text(reader, 'proc/uptime'),
  ]);
  const tracing = await tracefs(root);
  const presenceOf = (event: EventName) => presence(root, `${tracing.path}/events/${EVENTS[event]}/format`);
  return {
    root,
    host,
    power: cpuinfo === undefined ? undefined : /^POWER\d/i.test(host.cpu),
    modules: modules === undefined ? undefined : new Set(modules.split('\n').map((line) => line.split(' ')[0] ?? '')),
    tceHandlers: kallsyms?.includes(' kvmppc_') ? / kvmppc_(rm_)?h_put_tce\b/.test(kallsyms) : undefined,
    firstPidNamespace: await inFirstPidNamespace(reader),
    self: self === undefined ? undefined : privileges(self),
    lockdown: await lockdownOf(reader),
    tracefs: tracing.presence,
    events: {
      enter: await presenceOf('enter'),
      exit: await presenceOf('exit'),
      userspaceExit: await presenceOf('userspaceExit'),
      guestEntry: await presenceOf('guestEntry'),
    },
    histTriggers: await hasHistTriggers(reader, tracing.path, host.kernel),
    syntheticEvents: await presence(root, `${tracing.path}/synthetic_events`),
    debugfs: await presence(root, 'sys/kernel/debug/kvm'),
    hcallInst: await presence(root, 'sys/kernel/debug/hcall_inst'),
    vms: await sightVms(vmReader, host, uptimeNs(uptime ?? '') ?? 0n),
    vmProblems: problemsOf(vmReader),
  };
}

async function tracefs(root: string): Promise<{ path: string; presence: Presence }> {
  let denied: string | undefined;
  for (const path of MOUNT_POINTS) {
    const found = await presence(root, `${path}/events`);
    if (found === 'there') return { path, presence: found };
    if (found === 'denied') denied ??= path;
  }
  return denied === undefined ? { path: MOUNT_POINTS[0], presence: 'absent' } : { path: denied, presence: 'denied' };
}

async function presence(root: string, path: string): Promise<Presence> {
  try {
    await access(join(root, path));
    return 'there';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? 'denied' : 'absent';
  }
}

/**
 * Tells whether the kernel has hist triggers. An event's file `trigger` lists, while it holds none, what the kernel was
 * built with; else the kernel's configuration tells, where the distribution left it.
 */
async function hasHistTriggers(reader: RootReader, tracing: string, kernel: string): Promise<boolean | undefined> {
  for (const event of Object.values(EVENTS)) {
    const trigger = await text(reader, `${tracing}/events/${event}/trigger`);
    if (trigger !== undefined && trigger !== '') return /(^|[ \n])hist([ :\n]|$)/.test(trigger);
  }
  const config = await text(reader, `boot/config-${kernel}`);
  return config === undefined ? undefined : /^CONFIG_HIST_TRIGGERS=y$/m.test(config);
}

function privileges(status: string): Inspection['self'] {
  const capabilities = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1];
  const uid = /^Uid:\s*\d+\s+(\d+)/m.exec(status)?.[1];
  if (capabilities === undefined || uid === undefined) return undefined;
  return { capabilities: BigInt(`0x${capabilities}`), uid: Number(uid) };
}
