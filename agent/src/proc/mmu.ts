/** Which MMU a guest uses: radix, or the hash table (HPT) of older processors. */
import type { Mmu } from '@tcewatch/protocol';
import { powerGeneration } from '../evidence/kernel.js';
import type { HostFacts } from './host.js';
import { hasContent } from './look.js';
import type { Look } from './look.js';
import type { QemuArguments } from './qemu.js';

/**
 * Undefined where it cannot be told. `directories` are the VM's in /sys/kernel/debug/kvm: the file `radix` is there for
 * every guest of a radix host, and is empty for those that use a hash table (debugfs_radix_read in
 * arch/powerpc/kvm/book3s_64_mmu_radix.c).
 */
export async function guestMmu(
  look: Look,
  host: HostFacts,
  qemu: QemuArguments,
  directories: readonly string[],
): Promise<Mmu | undefined> {
  // KVM in a guest runs radix guests alone.
  if (host.platform === 'pSeries') return 'radix';
  if ((powerGeneration(host.cpu) ?? 9) <= 8 || /^power[78]/.test(qemu.maxCpuCompat ?? '')) return 'hpt';
  for (const directory of directories) {
    const radix = await hasContent(look, `${directory}/radix`);
    if (radix !== undefined) return radix ? 'radix' : 'hpt';
  }
  return undefined;
}
