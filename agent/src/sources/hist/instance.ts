/** The instance that the `hist` source counts with: its two triggers, and reading them without tearing. */
import { ENTER_EVENT, EXIT_EVENT, EXIT_KEYS, enterKeys } from './counts.js';
import type { HistTexts } from './counts.js';
import type { EnterScope } from './plan.js';
import { readHist } from '../../tracefs/instances.js';
import type { InstanceSpec } from '../../tracefs/instances.js';
import type { Tracefs } from '../../tracefs/tracefs.js';
import { isTce } from '../../tracefs/triggers.js';
import type { TriggerSpec } from '../../tracefs/triggers.js';

export interface HistSpec extends InstanceSpec {
  /** Keys of its histogram of calls that enter. */
  scope: EnterScope;
}

/** Filter of exits: the calls that KVM hands to userspace. */
export const PUNTED = `ret==2&&(${isTce('hcall_rc')})`;

const EXIT: TriggerSpec = {
  system: 'kvm_hv',
  event: EXIT_EVENT,
  keys: EXIT_KEYS,
  sums: [],
  filter: PUNTED,
};

function enter(scope: EnterScope): TriggerSpec {
  return { system: 'kvm_hv', event: ENTER_EVENT, keys: enterKeys(scope), sums: ['gpr7'], filter: isTce('req') };
}

/**
 * Returns the kind of an instance. A call that enters before the first trigger is set and leaves after the second is
 * not counted at all, and one in between is counted as entered alone. So there are never more punted than entered.
 */
export function histSpec(scope: EnterScope): HistSpec {
  return {
    prefix: 'tcewatch',
    triggers: [enter(scope), EXIT],
    withoutEvents: { code: 'kvm-hv-not-loaded', message: 'load the module of KVM HV with "modprobe kvm_hv"' },
    scope,
  };
}

/** The usual kind, which counts each LIOBN. */
export const HIST = histSpec('one');
export const HIST_SPECS: readonly [HistSpec, HistSpec] = [HIST, histSpec('all')];

/**
 * Reads both histograms, exit before enter: a call in flight may count as entered and not yet as punted, never the
 * reverse.
 */
export async function readInstance(tracefs: Tracefs, directory: string): Promise<HistTexts> {
  const exit = await readHist(tracefs, directory, EXIT);
  return { exit, enter: await readHist(tracefs, directory, enter('one')) };
}
