/**
 * Types of what flows through the agent: source > ledger > batch > transport. Each type here is one arrow of that line,
 * and none of them knows what comes after it.
 */
import type { Account, Clock, Facts, Host, Hypercall, ModeEvidence, Scope, Span } from '@tcewatch/protocol';

/** A thread: ids are used again, so the start time belongs to the name. */
export interface ThreadSighting {
  tid: number;
  /** Start of the thread in nanoseconds since boot (/proc/<tgid>/task/<tid>/stat, field 22). */
  startedNs: bigint;
}

/** A VM as the host shows it at one instant. */
export interface VmSighting {
  /** Identity of this life of the QEMU process: `deriveId(boot id, tgid, startedNs)`. */
  life: string;
  name: string;
  uuid: string;
  tgid: number;
  startedNs: bigint;
  threads: ThreadSighting[];
  /** Facts about the VM; absent while it could not be inspected. */
  facts?: Facts;
  /** Evidence for the modes of this VM's figures. */
  evidence: ModeEvidence[];
}

/**
 * One cell of what the kernel counted since the epoch began: calls of one thread, hypercall and LIOBN. `entries` is the
 * sum of TCE entries asked for; absent where it cannot be told.
 */
export interface Cell {
  counter: 'entered' | 'punted' | 'issued';
  tid: number;
  hypercall: Hypercall;
  /** How the LIOBN is known; `other`: the source had to fold LIOBNs together. */
  scope: Scope;
  liobn: bigint;
  calls: number;
  entries?: number;
}

/**
 * One bucket of how long the calls of one thread and hypercall took, since the epoch began. Calls that could not be timed
 * are in none.
 */
export interface LatencyCell {
  span: Span;
  tid: number;
  hypercall: Hypercall;
  /** Exponent below LATENCY_BUCKETS: times above 2^(bucket - 1) and up to 2^bucket us. */
  bucket: number;
  calls: number;
  /** Sum of their times in us. */
  totalUs: number;
}

/**
 * An epoch that begins where another ends, when kernel state was replaced: both counted every call for a while, and
 * this is what the new one had counted at the instant of the old one's last reading.
 */
export interface Handover {
  epoch: string;
  /** Cells of the new epoch: calls since then count in it, those before in the old one. */
  cells: Cell[];
  /** Latencies of the new epoch; present where the reading has some. */
  latencies?: LatencyCell[];
  /** Events that the new epoch had seen by then. */
  seen: Pick<Account, 'counter' | 'seen'>[];
}

/** Everything that a source saw at one instant: all that is needed to make a batch of it, given the ledger. */
export interface Reading {
  clock: Clock;
  host: Host;
  bootId: string;
  /** UUID text of the epoch: one life of the kernel state behind the cells. */
  epoch: string;
  epochBeganNs: bigint;
  cells: Cell[];
  /**
   * Punted calls of `cells` whose LIOBN is known too, while `cells` has them in scope `all`: counted separately since
   * the epoch began and read later, so some may be missing here, and some not yet be in `cells`. Absent where `cells`
   * tells all that is known.
   */
  punts?: Cell[];
  /** Times of calls; absent where the source measures none. */
  latencies?: LatencyCell[];
  accounts: Account[];
  /** VMs alive at this instant; `undefined` when the host could not be inspected (then the last ones stand). */
  vms: VmSighting[] | undefined;
  /** Evidence for the modes of calls whose VM is not known. */
  unattributedEvidence: ModeEvidence[];
  /** Problems while reading, in words for the operator; the reading is good all the same. */
  problems: string[];
  /** Successor of the epoch: this reading is the last of its epoch, and no call is uncounted. */
  handover?: Handover;
}

/**
 * A source of readings. `open` prepares kernel state or files; `next` resolves to the reading that is due when it is
 * called (live sources read now; `replay` walks its recording), to `undefined` after the last one, and throws AgentError
 * for a reading that could not be had; `close` gives back what `open` took, except kernel state that is to be adopted.
 *
 * `knownEpoch` is the epoch of which the ledger knows who counted what: only its kernel state can be adopted.
 */
export interface Source {
  readonly name: string;
  open(knownEpoch?: string): Promise<void>;
  next(): Promise<Reading | undefined>;
  close(): Promise<void>;
}
