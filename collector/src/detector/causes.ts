/**
 * Why hypercalls go to userspace: a table of tests on the evidence. The first row whose test holds is the cause, so rows
 * stand from the most to the least telling. docs/reference/causes.md explains each at length.
 */
import type { AlertEvidence, Cause, SeenDescriptors } from '../model.js';

type Before = SeenDescriptors | null;

export interface CauseRow extends Cause {
  holds: (before: Before, after: SeenDescriptors) => boolean;
}

export const CAUSES: readonly CauseRow[] = [
  {
    code: 'table-left-kernel-vfio',
    confidence: 'likely',
    summary: 'QEMU took one of the TCE tables out of the kernel when a VFIO device was added.',
    advice:
      'Run a host kernel whose KVM_CAP_SPAPR_TCE_VFIO is there for this kind of host, then start the VM anew; ' +
      'unplugging the device does not bring the table back.',
    holds: (before, after) =>
      tableLeft(before, after) && after.vfioGroups.some((group) => !before?.vfioGroups.includes(group)),
  },
  {
    code: 'table-left-kernel',
    confidence: 'likely',
    summary: 'One of the TCE tables left the kernel while the VM ran.',
    advice: 'Look in the log of QEMU for what was plugged or reset at that time; starting the VM anew brings it back.',
    holds: tableLeft,
  },
  {
    code: 'no-in-kernel-table',
    confidence: 'certain',
    summary: 'The kernel serves no TCE table of this VM.',
    advice:
      'Look in the log of QEMU for "Failed to create TCE table": raise the limit of locked memory (RLIMIT_MEMLOCK), ' +
      'or run a kernel with KVM_CAP_SPAPR_TCE_64; then start the VM anew.',
    holds: (_, after) => after.tceTables === 0,
  },
  {
    code: 'unknown',
    confidence: 'possible',
    summary: 'Hypercalls go to userspace, and what is known of the VM does not tell why.',
    advice:
      'Look in the log of QEMU, and on the host for memory that is not preregistered or a limit that was reached.',
    holds: () => true,
  },
];

function tableLeft(before: Before, after: SeenDescriptors): boolean {
  return before !== null && before.tceTables > after.tceTables;
}

/** The first cause whose test holds; `unknown` while nobody could look at the descriptors. */
export function causeOf({ before, after }: Pick<AlertEvidence, 'before' | 'after'>): Cause {
  const row = CAUSES.find(({ code, holds }) => code === 'unknown' || (after !== null && holds(before, after)));
  if (!row) throw new RangeError('the last cause holds always');
  const { code, confidence, summary, advice } = row;
  return { code, confidence, summary, advice };
}

/** Whether a cause tells more than another. */
export function isSharper(code: string, than: string): boolean {
  const rank = (of: string): number => CAUSES.findIndex((row) => row.code === of);
  return rank(code) < rank(than);
}
