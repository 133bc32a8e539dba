/** What the lab needs of the machine that it runs on. */
import { existsSync } from 'node:fs';

/** Why the lab cannot run here, in words; undefined when it can. */
export function whyNotHere(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it needs Linux on x86_64';
  if (!existsSync('/etc/debian_version')) return 'it needs Debian: host and guests are made of its packages';
  if (process.getuid?.() !== 0) return 'it needs root, to install packages and to build the image of the host';
  return undefined;
}
