/** Why a VM's hypercalls go to userspace, as far as one look at the host can tell. Pure; the collector knows more. */
import { newest } from './rates.js';
import type { VmRates } from './rates.js';

/** Less than this share is no fallback: single calls go to userspace on a healthy VM as well. */
const WORTH_A_WORD = 0.01;

export function hint(vm: VmRates): string {
  const rate = newest(vm);
  if (!rate) return '';
  const { real, virtual, userspace } = rate;
  if (userspace === null) return 'cannot be counted on KVM PR';
  if (userspace === 0 || userspace / (userspace + (virtual ?? 0)) < WORTH_A_WORD) return '';
  const descriptors = vm.facts?.descriptors;
  if (descriptors?.tceTables === 0) return 'no TCE table in the kernel';
  if (real === null) return 'real mode is not seen: the share in userspace is not known';
  if (!descriptors) return 'its descriptors cannot be read';
  const vfio = descriptors.vfioGroups.length > 0 ? ', which VFIO may have taken out of the kernel' : '';
  return `a LIOBN without a table${vfio}; ${descriptors.tceTables} left`;
}
