/** What makes every source that counts by thread blind, however it is opened, in words for whoever can change it. */
import { AgentError } from '../errors.js';
import { link, lookAt, text } from '../proc/root-reader.js';
import type { Look } from '../proc/root-reader.js';

/** The first pid namespace, whose thread ids the kernel traces (PROC_PID_INIT_INO in include/linux/proc_ns.h). */
const HOST_PID_NAMESPACE = 'pid:[4026531836]';

/** What is in the way, and what to do about it. */
export const LOCKED_DOWN = {
  says: 'confidentiality: the kernel lets nobody trace',
  fix: 'boot without lockdown=confidentiality; lockdown=integrity allows tracing',
};
export const FOREIGN_PIDS = {
  says: "/proc is that of a container, but the kernel's events bear the host's thread ids",
  fix: 'run the container with hostPID: true (Kubernetes) or --pid=host (podman, docker)',
};

/** Throws AgentError `lockdown` or `pid-namespace`. What cannot be told is no reason. */
export async function refuseIfBlind(root: string): Promise<void> {
  const look = lookAt(root);
  if ((await lockdownOf(look)) === 'confidentiality') {
    throw new AgentError(
      'lockdown',
      `lockdown (/sys/kernel/security/lockdown): ${LOCKED_DOWN.says}: ${LOCKED_DOWN.fix}`,
    );
  }
  if ((await inFirstPidNamespace(look)) === false) {
    throw new AgentError('pid-namespace', `${FOREIGN_PIDS.says} (below ${root}): ${FOREIGN_PIDS.fix}`);
  }
}

/** The kernel's lockdown mode in force, where it has one: none, integrity, confidentiality. */
export async function lockdownOf(look: Look): Promise<string | undefined> {
  return /\[(\w+)\]/.exec((await text(look, 'sys/kernel/security/lockdown')) ?? '')?.[1];
}

/**
 * Whether the processes in /proc are those of the kernel's first pid namespace, whatever that of this agent is. By the
 * namespace of process 1, which privileged processes alone may read, or by process 2: in the first one it is kthreadd.
 */
export async function inFirstPidNamespace(look: Look): Promise<boolean | undefined> {
  const namespace = await link(look, 'proc/1/ns/pid');
  if (namespace !== undefined) return namespace === HOST_PID_NAMESPACE;
  const second = await text(look, 'proc/2/comm');
  return second === undefined ? undefined : second.trim() === 'kthreadd';
}
