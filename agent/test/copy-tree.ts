/** Copies of recorded hosts that a test may change. */
import { cp } from 'node:fs/promises';

/** Copies what the agent reads of a recorded host: most of a tree are formats of events and statistics of KVM. */
export async function copyTree(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !/\/events\/(?!kvm_hv)|\/debug\/kvm\/.*[a-z]_[a-z]/.test(path.slice(from.length)),
  });
}
