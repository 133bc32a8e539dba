/**
 * What the container runtime is told, in the format of the Open Container Initiative's runtime specification: the
 * image's program as the chart's DaemonSet has it run. As of containerd: kernel file systems read-only, the same paths
 * hidden. Not as there: the host's network, no limit of memory, and no seccomp filter.
 */
import { volumeOf } from './chart.js';
import type { Pod, Volume } from './chart.js';

/** What an image says of itself, in Docker's format. */
export interface ImageConfig {
  Entrypoint: string[];
  Env: string[];
}

export interface Process {
  args: readonly string[];
  /** Capabilities without CAP_; else what the chart grants. */
  capabilities: readonly string[] | undefined;
}

/** https://github.com/containerd/containerd, pkg/oci/spec.go: populateDefaultUnixSpec. */
const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/sys/firmware',
  '/proc/scsi',
];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const CLOSED = ['nosuid', 'noexec', 'nodev'];
const OWN_FILE_SYSTEMS = [
  { destination: '/proc', type: 'proc', source: 'proc', options: CLOSED },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...CLOSED, 'ro'] },
];

/** `sourceOf` tells where on the host a volume is. */
export function runtimeConfig(
  pod: Pod,
  image: ImageConfig,
  rootPath: string,
  sourceOf: (volume: Volume) => string,
  { args, capabilities }: Process,
): object {
  const user = pod.securityContext;
  const { securityContext, env, volumeMounts } = pod.containers[0];
  const granted = (capabilities ?? securityContext.capabilities.add).map((name) => `CAP_${name.toUpperCase()}`);
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: user.runAsUser, gid: user.runAsGroup },
      cwd: '/',
      args: [...image.Entrypoint, ...args],
      env: [...image.Env, ...env.map((one) => `${one.name}=${'value' in one ? one.value : 'lab'}`)],
      capabilities: { bounding: granted, effective: granted, permitted: granted },
      noNewPrivileges: !securityContext.allowPrivilegeEscalation,
    },
    root: { path: rootPath, readonly: securityContext.readOnlyRootFilesystem },
    mounts: [
      ...OWN_FILE_SYSTEMS,
      ...volumeMounts.map((mount) => ({
        destination: mount.mountPath,
        type: 'bind',
        source: sourceOf(volumeOf(pod, mount)),
        options: ['rbind', 'rprivate', mount.readOnly ? 'ro' : 'rw'],
      })),
    ],
    linux: {
      // hostPID: not 'pid'.
      namespaces: ['mount', 'ipc', 'uts'].map((type) => ({ type })),
      maskedPaths: MASKED,
      readonlyPaths: READ_ONLY,
    },
  };
}
