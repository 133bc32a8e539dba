/**
 * Conditions that make every source blind that counts by thread, however it is opened, in words for whoever can change
 * them.
 */
import { AgentError } from '../errors.js';
import { link, openRoot, text } from '../proc/root-reader.js';
import type { RootReader } from '../proc/root-reader.js';

/**
 * Link of the first pid namespace, whose thread ids the kernel traces (PROC_PID_INIT_INO in include/linux/proc_ns.h).
 */
const HOST_PID_NAMESPACE = 'pid:[4026531836]';

/** Finding for a kernel that is locked down, and its remedy. */
export const LOCKED_DOWN = {
  says: 'confidentiality: the kernel lets nobody trace',
  fix: 'boot without lockdown=confidentiality; lockdown=integrity allows tracing',
};
export const FOREIGN_PIDS = {
  says: "/proc is that of a container, but the kernel's events bear the host's thread ids",
  fix: 'run the container with hostPID: true (Kubernetes) or --pid=host (podman, docker)',
};

/**
 * Asserts that calls can be counted by thread. Throws AgentError `lockdown` or `pid-namespace`. What cannot be told is
 * no reason.
 */
export async function assertCanTrace(root: string): Promise<void> {
  const reader = openRoot(root);
  if ((await lockdownOf(reader)) === 'confidentiality') {
    throw new AgentError(
      'lockdown',
      `lockdown (/sys/kernel/security/lockdown): ${LOCKED_DOWN.says}: ${LOCKED_DOWN.fix}`,
    );
  }
  if ((await inFirstPidNamespace(reader)) === false) {
    throw new AgentError('pid-namespace', `${FOREIGN_PIDS.says} (below ${root}): ${FOREIGN_PIDS.fix}`);
  }
}

/** Reads the kernel's lockdown mode in force, where it has one: none, integrity, confidentiality. */
export async function lockdownOf(reader: RootReader): Promise<string | undefined> {
  return /\[(\w+)\]/.exec((await text(reader, 'sys/kernel/security/lockdown')) ?? '')?.[1];
}

/**
 * Tells whether the processes in /proc are those of the kernel's first pid namespace, whatever that of this agent is:
 * by the namespace of process 1, which privileged processes alone may read, or by process 2: in the first one it is
 * kthreadd.
 */
export async function inFirstPidNamespace(reader: RootReader): Promise<boolean | undefined> {
  const namespace = await link(reader, 'proc/1/ns/pid');
  if (namespace !== undefined) return namespace === HOST_PID_NAMESPACE;
  const second = await text(reader, 'proc/2/comm');
  return second === undefined ? undefined : second.trim() === 'kthreadd';
}
