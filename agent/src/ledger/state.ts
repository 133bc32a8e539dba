/**
 * What the ledger knows after a reading. A state is never changed: `advance` makes the next one and shares with it what
 * stayed the same.
 */
import type { Account, Counter, Hypercall, Scope, Series, Vm } from '@tcewatch/protocol';
import type { VmSighting } from '../model.js';

/** Bounds on what guests and users can make the ledger remember. */
export interface LedgerCaps {
  /** LIOBNs with series of their own, for each VM; a guest can name any of 2^64. */
  liobnsPerVm: number;
  /** VMs of one epoch, the ended ones included. */
  vms: number;
  /** Threads whose owner is remembered. */
  threads: number;
}

export const DEFAULT_CAPS: Readonly<LedgerCaps> = { liobnsPerVm: 64, vms: 1024, threads: 65_536 };

/** One series of a VM: its labels and its value since the epoch began. */
export interface SeriesState {
  readonly counter: Counter;
  readonly hypercall: Hypercall;
  readonly scope: Scope;
  readonly liobn: bigint;
  readonly value: number;
}

/** One life of a VM, or `unattributed`. */
export interface VmState {
  readonly identity: Omit<VmSighting, 'threads'>;
  readonly alive: boolean;
  readonly series: ReadonlyMap<string, SeriesState>;
  /** The LIOBNs that have series of their own. */
  readonly liobns: ReadonlySet<bigint>;
  /** Hypercalls whose entries are not told for the rest of the epoch, because what the guest passed was implausible. */
  readonly withdrawn: ReadonlySet<Hypercall>;
}

/** Who owns a thread, and since when there is this thread of that id. */
export interface Owner {
  readonly life: string;
  readonly startedNs: bigint;
}

/** What one cell had counted when it was last read. */
export interface CellCount {
  readonly calls: number;
  readonly entries: number | undefined;
}

/** What the caps folded together, since the agent started. */
export interface Folded {
  /** Calls that were counted under scope `other`. */
  readonly liobnCalls: number;
  /** Calls of VMs beyond the cap, counted as `unattributed`. */
  readonly vmCalls: number;
  /** Threads whose owner could not be remembered, in the last reading. */
  readonly threads: number;
}

export interface LedgerState {
  readonly bootId: string;
  /** The epoch that the source gave, and how often its kernel state was replaced without the source noticing. */
  readonly sourceEpoch: string;
  readonly restarts: number;
  readonly epoch: string;
  readonly epochBeganNs: bigint;
  /** Uptime at the last reading. */
  readonly uptimeNs: bigint;
  readonly cells: ReadonlyMap<string, CellCount>;
  readonly owners: ReadonlyMap<number, Owner>;
  /** By life, in the order in which they were first seen. */
  readonly vms: ReadonlyMap<string, VmState>;
  readonly accounts: readonly Account[];
  readonly problems: readonly string[];
  readonly folded: Folded;
}

/** The counters of one instant, as they go into a batch. */
export interface LedgerSnapshot {
  epoch: string;
  epochBeganNs: bigint;
  vms: Vm[];
  series: Series;
  accounts: Account[];
  /** The reading's problems and those that the ledger found, in words for the operator. */
  problems: string[];
  folded: Folded;
  sizes: {
    /** Threads whose owner is known. */
    threads: number;
    /** Cells of the last reading. */
    cells: number;
    /** Pairs of VM and hypercall whose entries are not told, because what the guest passed was implausible. */
    withdrawn: number;
  };
}
