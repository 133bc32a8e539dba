/**
 * State of the ledger after a reading. It is never changed: `advance` makes the next one and shares with it what stayed
 * the same.
 */
import type { Account, Counter, Hypercall, Latencies, Scope, Series, Span, Vm } from '@tcewatch/protocol';
import type { VmSighting, Cell } from '../model.js';

/** Bounds on what guests and users can make the ledger remember. */
export interface LedgerCaps {
  /** LIOBNs with series of their own, for each VM; a guest can name any of 2^64. */
  liobnsPerVm: number;
  /** VMs of one epoch, those included that ended in it. */
  vms: number;
  /** Threads whose owner is remembered. */
  threads: number;
}

export const DEFAULT_CAPS: Readonly<LedgerCaps> = { liobnsPerVm: 64, vms: 1024, threads: 65_536 };

/** One series of a VM: its labels, and its value since the epoch began. */
export interface SeriesState {
  readonly counter: Counter;
  readonly hypercall: Hypercall;
  readonly scope: Scope;
  readonly liobn: bigint;
  readonly value: number;
}

/** One bucket of a VM's latencies: its labels, and its calls and their times together since the epoch began. */
export interface LatencyState {
  readonly span: Span;
  readonly hypercall: Hypercall;
  readonly bucket: number;
  readonly calls: number;
  readonly totalUs: number;
}

/** One life of a VM, or `unattributed`. */
export interface VmState {
  readonly identity: Readonly<Omit<VmSighting, 'threads'>>;
  readonly alive: boolean;
  readonly series: ReadonlyMap<string, SeriesState>;
  /** The LIOBNs that have series of their own. */
  readonly liobns: ReadonlySet<bigint>;
  readonly latencies: ReadonlyMap<string, LatencyState>;
}

/** The VM that a thread belongs to; the thread's start tells apart those that bear the same id. */
export interface Owner {
  readonly life: string;
  readonly startedNs: bigint;
}

/** Counts of one cell when it was last read. */
export interface CellCount {
  readonly calls: number;
  /** TCE entries asked for; absent where the source could not tell. */
  readonly entries: number | undefined;
  /**
   * Set where the last entries were implausible and may be of a call that is counted only later: its size is not known
   * either.
   */
  readonly doubtful?: true;
}

/** Counts of one bucket of latencies when it was last read. */
export interface LatencyCount {
  readonly calls: number;
  readonly totalUs: number;
}

/** Numbers of what the caps folded together. */
export interface Folded {
  /** Calls counted under scope `other`, in this life of the ledger. */
  readonly liobnCalls: number;
  /** Calls of VMs beyond the cap, counted as `unattributed`, in this life of the ledger. */
  readonly vmCalls: number;
  /** VMs beyond the cap, now. */
  readonly vms: number;
  /** Threads whose owner is not remembered, now. */
  readonly threads: number;
}

/** The epoch that the counters belong to. */
export interface EpochState {
  /** Boot id of the host, from /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** The epoch that the source gave, and how often its kernel state was replaced without the source noticing. */
  readonly given: string;
  readonly replaced: number;
  /** The epoch that batches report. */
  readonly id: string;
  readonly beganNs: bigint;
  /** Events that the kernel state had seen before the epoch began; they are part of the epoch before. */
  readonly before: ReadonlyMap<Account['counter'], number>;
}

/** The epoch that begins with the next reading, and what its kernel state had counted by the last one. */
export interface HandoverState {
  readonly epoch: string;
  readonly beganNs: bigint;
  readonly cells: ReadonlyMap<string, CellCount>;
  readonly latencyCells: ReadonlyMap<string, LatencyCount>;
  readonly before: EpochState['before'];
}

export interface LedgerState {
  /** Epoch of the last reading; undefined before the first. */
  readonly epoch: EpochState | undefined;
  /** Handover to the next epoch; known when the last reading was the last of its own. */
  readonly handover: HandoverState | undefined;
  /** Uptime at the last reading, in nanoseconds. */
  readonly uptimeNs: bigint;
  readonly cells: ReadonlyMap<string, CellCount>;
  /** Latencies as they were last read: a reading without any leaves them. */
  readonly latencyCells: ReadonlyMap<string, LatencyCount>;
  /** Owners by thread id. */
  readonly owners: ReadonlyMap<number, Owner>;
  /** VMs by life, in the order in which they were first seen. */
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
  latencies: Latencies;
  accounts: Account[];
  /** The reading's problems and those that the ledger found, in words for the operator. */
  problems: string[];
  folded: Folded;
  sizes: {
    /** Threads whose owner is known. */
    threads: number;
    /** Cells of the last reading. */
    cells: number;
  };
}

/** The ledger before its first reading. */
export function emptyLedger(): LedgerState {
  return {
    epoch: undefined,
    handover: undefined,
    uptimeNs: 0n,
    cells: new Map(),
    latencyCells: new Map(),
    owners: new Map(),
    vms: new Map(),
    accounts: [],
    problems: [],
    folded: { liobnCalls: 0, vmCalls: 0, vms: 0, threads: 0 },
  };
}

/** A cell without its counts. */
export type CellLabels = Omit<Cell, 'calls' | 'entries'>;

export function cellKey({ counter, tid, hypercall, scope, liobn }: CellLabels): string {
  return `${counter} ${tid} ${hypercall} ${scope} ${liobn}`;
}

/** The labels that `cellKey` made the key of. */
export function labelsOf(key: string): CellLabels {
  const [counter, tid, hypercall, scope, liobn = '0'] = key.split(' ');
  return { counter, tid: Number(tid), hypercall, scope, liobn: BigInt(liobn) } as CellLabels;
}
