/**
 * Why hypercalls go to userspace: a table of tests on the evidence. The first row whose test holds is the cause, so rows
 * stand from the most to the least telling. docs/reference/causes.md explains each at length.
 */
import type { Account, Host, Vm } from '@tcewatch/protocol';
import type { HostRun } from '../../hosts/runs.js';
import type { CallEvidence, Cause, SeenDescriptors } from '../../model.js';

/** What is known of a VM whose calls fall back. */
export interface Known {
  host: Host;
  vm: Vm;
  calls: CallEvidence;
  before: SeenDescriptors | null;
  after: SeenDescriptors | null;
  /** No call of this life was ever handled in the kernel. */
  never: boolean;
}

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
export function explain({ calls, before, after }: Known): { cause: Cause; facts: string[] } {
  const row = CAUSES.find(({ code, holds }) => code === 'unknown' || (after !== null && holds(before, after)));
  if (!row) throw new RangeError('the last cause holds always');
  const { code, confidence, summary, advice } = row;
  const facts = [`${calls.punted} of ${calls.entered} calls went to userspace in ${calls.seconds} s`];
  return { cause: { code, confidence, summary, advice }, facts };
}

/** Whether a cause tells more than another. */
export function isSharper(code: string, than: string): boolean {
  const rank = (of: string): number => CAUSES.findIndex((row) => row.code === of);
  return rank(code) < rank(than);
}

/** A host, or the agent in a guest, of which nothing comes any more. */
export interface Silence {
  of: 'host' | 'guest';
  /** Since the last reading came, on the collector's clock. */
  seconds: number;
  /** Reading time of the last, in nanoseconds since 1970 on the host's clock. */
  lastReadNs: bigint;
  /** Whether other agents on the same host still report; null where there are none, or it is not known. */
  neighbours: boolean | null;
  /** Hosts that are silent now, this one included, and all that are watched. */
  hosts: { silent: number; watched: number };
}

/** Why a host, or the agent in a guest, is silent. */
export function silentCause({ seconds }: Silence): { cause: Cause; facts: string[] } {
  const cause: Cause = {
    code: 'silent',
    confidence: 'possible',
    summary: 'Nothing comes from this agent any more.',
    advice: 'Look whether the host is up, whether tcewatch-agent runs on it, and what its log says of its transport.',
  };
  return { cause, facts: [`Nothing has come for ${seconds} s.`] };
}

/** Why counts of a host are incomplete: `accounts` are what each grew by. */
export function incompleteCause({ accounts }: { accounts: readonly Account[]; seconds: number }): {
  cause: Cause;
  facts: string[];
} {
  const losses = accounts.flatMap((account) => account.losses).toSorted((a, b) => b.events - a.events);
  const cause: Cause = {
    code: `lost-${losses[0]?.kind ?? 'unknown'}`,
    confidence: 'certain',
    summary: 'The kernel saw hypercalls that are in no count.',
    advice: 'Look what tcewatch-agent doctor says of its source on that host.',
  };
  return { cause, facts: losses.map(({ kind, events }) => `${events} events lost: ${kind}.`) };
}

/** Why several claim the key of one host; `claimants` are the runs that overlap. */
export function duplicateCause(claimants: readonly HostRun[]): { cause: Cause; facts: string[] } {
  const sameBoot = new Set(claimants.map(({ bootId }) => bootId)).size === 1;
  const cause: Cause = {
    code: sameBoot ? 'two-agents-one-host' : 'two-hosts-one-id',
    confidence: 'certain',
    summary: 'Several agents report under the id of one host at the same time.',
    advice: "Stop all but one, or give each host its own id (the agent's host.id).",
  };
  return { cause, facts: claimants.map(({ name, bootId, run }) => `${name} (boot ${bootId}, run ${run}).`) };
}
