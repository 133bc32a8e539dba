/**
 * Which MMU a guest uses: radix, or the hash table (HPT) of older processors.
 *
 * On a POWER9 host with a radix MMU a guest chooses when it boots, and nothing that is safe to look at tells what it chose:
 * the debugfs file `radix` is there for every VM of such a host, HPT guests too (radix_enabled() in
 * kvmppc_core_init_vm_hv, arch/powerpc/kvm/book3s_hv.c), and to read it walks the guest's page tables; QEMU's
 * arguments say what is offered, not what was taken.
 */
import { powerGeneration } from '@tcewatch/protocol';
import type { Mmu } from '@tcewatch/protocol';
import type { HostFacts } from './host.js';
import type { QemuArguments } from './qemu.js';

/** Undefined where it cannot be told. */
export function guestMmu(host: HostFacts, qemu: QemuArguments): Mmu | undefined {
  // KVM in a guest runs radix guests alone.
  if (host.platform === 'pSeries') return 'radix';
  // Processors up to POWER8 have no radix MMU, and neither has a guest that is told that it runs on one.
  const isOlder = (powerGeneration(host.cpu) ?? 9) <= 8 || /^power[78]/.test(qemu.maxCpuCompat ?? '');
  return isOlder ? 'hpt' : undefined;
}
