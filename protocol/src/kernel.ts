/** What evidence and causes depend on, from the texts in which a host's kernel tells it. */

/** Version of a kernel; distributions keep a number and take in later changes, so their mark belongs to it. */
export interface KernelVersion {
  major: number;
  minor: number;
  /** `el7`, `el7a`, `el8`, ... of Red Hat's kernels. */
  el: string | undefined;
}

/**
 * Reads the version of `4.18.0-394.el8.ppc64le` and the like (/proc/sys/kernel/osrelease); undefined for what has no
 * version.
 */
export function kernelVersion(release: string): KernelVersion | undefined {
  const match = /^(\d{1,3})\.(\d{1,5})(?=\D|$)/.exec(release);
  if (!match) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), el: /\.(el\d+a?)(?=[._]|$)/.exec(release)?.[1] };
}

/** Tells whether the version is `major.minor` or later. */
export function atLeast(version: KernelVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}

/**
 * Reads the generation of a processor, 8 of `POWER8E (raw), altivec supported` (/proc/cpuinfo `cpu`); undefined for
 * what is no POWER processor.
 */
export function powerGeneration(cpu: string): number | undefined {
  const digits = /^POWER(\d{1,2})/i.exec(cpu)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
