/**
 * A copy of what the agent read of the host at one instant: nothing that it does not read gets into it, and of what it
 * reads only what it interprets. So there are no guest memory maps, no arguments of QEMU but its name, uuid and
 * machine, and of its descriptors only those of KVM and VFIO.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Found } from '../proc/root-reader.js';
import { KVM_DEBUG, listedTgid } from '../proc/vms.js';

/** Files, links and directories by path without the leading slash. */
export type ProcSnapshot = ReadonlyMap<string, Found>;

/** Collects a tree; give `onFound` to `openRoot`. */
export function collectSnapshot(): { tree: ProcSnapshot; onFound: (path: string, found: Found) => void } {
  const tree = new Map<string, Found>();
  return {
    tree,
    onFound: (path, found) => {
      const kept = keep(path, found);
      if (kept) tree.set(path, kept);
    },
  };
}

/** Writes a tree below a directory, which is created. */
export async function writeSnapshot(directory: string, tree: ProcSnapshot): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [path, found] of tree) {
    const to = join(directory, path);
    if (found.kind === 'names') {
      for (const name of ['', ...found.names]) await mkdir(join(to, name), { recursive: true });
      continue;
    }
    await mkdir(dirname(to), { recursive: true });
    if (found.kind === 'link') await symlink(found.target, to);
    else await writeFile(to, found.text);
  }
}

/** Returns the part that the agent interprets; undefined for nothing. */
function keep(path: string, found: Found): Found | undefined {
  if (found.kind === 'names') {
    if (/^proc\/\d+\/fd$/.test(path)) return undefined;
    return { ...found, names: path === KVM_DEBUG ? found.names.filter((name) => listedTgid(name) !== undefined) : [] };
  }
  if (found.kind === 'link') {
    const descriptor = /^proc\/\d+\/fd\//.test(path);
    return descriptor && !/^(anon_inode:kvm-|\/dev\/vfio\/)/.test(found.target) ? undefined : found;
  }
  if (path === 'proc/kallsyms') return { ...found, text: kvmSymbols(found.text) };
  if (/^proc\/\d+\/cmdline$/.test(path)) return { ...found, text: identity(found.text) };
  return found;
}

/** Keeps the names of KVM's symbols alone: where the kernel lies in memory is nobody's business. */
function kvmSymbols(kallsyms: string): string {
  const lines = kallsyms.split('\n').filter((line) => line.includes(' kvmppc_'));
  return lines.map((line) => `${line.replace(/^[0-9a-f]+/, (address) => '0'.repeat(address.length))}\n`).join('');
}

/** Keeps QEMU's own path, and the options that say which VM it is; others may hold passwords. */
function identity(cmdline: string): string {
  const words = cmdline.split('\0');
  const kept = words.filter((word, i) => i === 0 || isIdentity(word) || isIdentityOption(words[i - 1] ?? ''));
  return kept.map((word) => `${word}\0`).join('');
}

const isIdentity = (word: string) => /^--?(name|uuid|machine|M)(=|$)/.test(word);
const isIdentityOption = (word: string) => /^--?(name|uuid|machine|M)$/.test(word);
