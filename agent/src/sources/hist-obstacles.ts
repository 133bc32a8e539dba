/** What makes the sources `hist` and `ring` blind however they are opened, in words for whoever can change it. */
import { SourceError } from '../model.js';
import { link, lookAt, text } from '../proc/look.js';

/** The first pid namespace, whose thread ids the kernel traces (PROC_PID_INIT_INO in include/linux/proc_ns.h). */
const HOST_PID_NAMESPACE = 'pid:[4026531836]';

/** Throws SourceError `lockdown` or `pid-namespace`. */
export async function refuseIfBlind(root: string): Promise<void> {
  const look = lookAt(root);
  const lockdown = await text(look, 'sys/kernel/security/lockdown');
  if (lockdown?.includes('[confidentiality]')) {
    throw new SourceError(
      'lockdown',
      'the kernel is locked down for confidentiality (/sys/kernel/security/lockdown) and lets nobody trace: boot it with ' +
        'lockdown=integrity, or without lockdown',
    );
  }
  // That of the first process, since the proc below root need not be of the agent's own namespace.
  const namespace = await link(look, 'proc/1/ns/pid');
  if (namespace !== undefined && namespace !== HOST_PID_NAMESPACE) {
    throw new SourceError(
      'pid-namespace',
      `${root} shows the processes of a container, and the kernel counts by the thread ids of the host: run the ` +
        "agent in the host's pid namespace (Kubernetes: hostPID: true; Docker and Podman: --pid=host)",
    );
  }
}
