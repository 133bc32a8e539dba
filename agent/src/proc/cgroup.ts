/** Finds the libvirt domain or KubeVirt pod that a process belongs to, by /proc/<pid>/cgroup. */
import { printable } from '../printable.js';

export interface Tenancy {
  libvirtDomain?: string;
  podUid?: string;
}

/** Parses /proc/<pid>/cgroup; leaves out what is not recognised. */
export function parseCgroup(cgroup: string): Tenancy {
  const path = cgroup.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  // machined's scopes (machine-qemu\x2d1\x2dNAME.scope), and libvirt's own directories (qemu-1-NAME.libvirt-qemu).
  const domain =
    /\/machine-qemu-\d+-([^/\n]+?)\.scope(?:\/|$)/m.exec(path)?.[1] ??
    /\/machine\/qemu-\d+-([^/\n]+?)\.libvirt-qemu(?:\/|$)/m.exec(path)?.[1];
  // The kubelet's two drivers: kubepods-burstable-podUID.slice with underscores, kubepods/burstable/podUID.
  const pod = /\/(?:kubepods[^/\n]*-)?pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})(?:\.slice)?(?:\/|$)/m.exec(
    path,
  );
  return {
    ...(domain && { libvirtDomain: printable(domain) }),
    ...(pod?.[1] && { podUid: pod[1].replaceAll('_', '-') }),
  };
}
