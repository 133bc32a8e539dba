/** What the `hist` source counts with: its two triggers, and reading them without tearing. */
import { ENTER_EVENT, ENTER_KEYS, EXIT_EVENT, EXIT_KEYS } from './hist-counts.js';
import type { HistTexts } from './hist-counts.js';
import { readHist } from './tracefs.js';
import type { InstanceKind } from './tracefs.js';
import { isTce } from './triggers.js';
import type { TriggerSpec } from './triggers.js';

const ENTER: TriggerSpec = {
  system: 'kvm_hv',
  event: ENTER_EVENT,
  keys: ENTER_KEYS,
  sums: ['gpr7'],
  filter: isTce('req'),
};
const EXIT: TriggerSpec = {
  system: 'kvm_hv',
  event: EXIT_EVENT,
  keys: EXIT_KEYS,
  sums: [],
  filter: `ret==2&&(${isTce('hcall_rc')})`,
};

/**
 * A call that enters before the first trigger is set and leaves after the second is not counted at all, and one in between
 * is counted as entered alone. So never are more punted than entered.
 */
export const HIST: InstanceKind = {
  prefix: 'tcewatch',
  triggers: [ENTER, EXIT],
  withoutEvents: { code: 'kvm-hv-not-loaded', message: 'load the module of KVM HV with "modprobe kvm_hv"' },
};

/** Exit is read before enter: a call in flight may count as entered and not yet as punted, never the reverse. */
export async function readInstance(directory: string): Promise<HistTexts> {
  const exit = await readHist(directory, EXIT, HIST);
  return { exit, enter: await readHist(directory, ENTER, HIST) };
}
