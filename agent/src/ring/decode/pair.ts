/**
 * Pairs each thread's kvm_hcall_enter with its kvm_hcall_exit and counts what comes of it. Pure: events in time order
 * go in (merge.ts puts those of several CPUs in order), cells that only grow are there to be read at any time.
 *
 * Entered calls are counted by their enters and punts by their exits, which name the hypercall; so both counts are
 * right even where events were lost, and only the LIOBN and the latency of a call need its pair. Exits come
 * unfiltered, as those of other hypercalls cannot be told from the handled ones of TCE hypercalls: they find no enter
 * and are passed over.
 */
import { hasOneEntry } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import type { LatencyCell } from '../../model.js';
import { CellRoom, DEFAULT_CELL_LIMITS, NO_THREAD, ThreadCells } from './cells.js';
import type { CellLimits, RingCell } from './cells.js';
import type { HypercallEvents, Liobn, Outcome } from './events.js';
import { ThreadLatencies } from './latency.js';

/**
 * Numbers of events by what became of them; every TCE enter is in `paired`, in `exitsMissing` or in flight. Only ever
 * grow.
 */
export interface PairTally {
  /** Enters of TCE hypercalls. */
  enters: number;
  /** Exits of TCE hypercalls to userspace. */
  punts: number;
  paired: number;
  /** Paired calls that ended neither in the guest nor in userspace. No TCE hypercall is known to. */
  neither: number;
  /** Enters whose exit was lost, did not come, or cannot be told from another's, or whose thread is beyond the cap. */
  exitsMissing: number;
  /** Punts whose enter was lost, counted under the scope `all` as their LIOBN went with it; or beyond the cap. */
  entersMissing: number;
  /** Enters and exits of other hypercalls. A handled TCE hypercall whose enter was lost looks like one, too. */
  otherEnters: number;
  otherExits: number;
  /** Calls that asked for more entries than any table or list has: counted as calls, without their entries. */
  oversized: number;
  /** Calls that a cap counted without their LIOBN or thread. */
  folded: number;
}

/**
 * Exits that come. `all`: those of other hypercalls find no enter and are passed over. `punts`: those of punted TCE
 * hypercalls alone; then a handled call ends with the thread's next enter, and has no latency.
 */
export type Exits = 'all' | 'punts';

/**
 * Longest list of H_PUT_TCE_INDIRECT: the kernel refuses longer ones (`kvmppc_h_put_tce_indirect`). H_STUFF_TCE is
 * bounded by the window alone.
 */
const MAX_INDIRECT = 512;

interface Thread {
  readonly cells: ThreadCells;
  readonly latencies: ThreadLatencies;
  /** The call that is in KVM now. */
  pending: RingCell | undefined;
  pendingEntries: number;
  pendingNs: number;
  pendingCpu: number;
  /** The last call, while userspace has it. */
  punted: Hypercall | undefined;
  puntedNs: number;
}

export class Pairing implements HypercallEvents {
  private readonly counts = {
    enters: 0,
    punts: 0,
    paired: 0,
    neither: 0,
    exitsMissing: 0,
    entersMissing: 0,
    otherEnters: 0,
    otherExits: 0,
    oversized: 0,
  };
  private readonly room: CellRoom;
  private readonly threads = new Map<number, Thread>();
  /** All threads beyond the cap: their calls are counted, and never paired. */
  private readonly beyond: Thread;
  /** Time until which some CPU's events are missing. */
  private gapEndNs = 0;

  constructor(
    limits: Readonly<CellLimits> = DEFAULT_CELL_LIMITS,
    private readonly exits: Exits = 'all',
  ) {
    this.room = new CellRoom(limits);
    this.beyond = newThread(NO_THREAD, this.room);
  }

  /** Iterates over the cells as they are: they go on counting, so whoever keeps their figures copies them. */
  *cells(): Generator<Readonly<RingCell>> {
    for (const thread of this.threads.values()) yield* thread.cells;
    yield* this.beyond.cells;
  }

  /**
   * Iterates over latencies. Handled calls can be timed where all exits come, round trips where returns to KVM_RUN do.
   */
  *latencies(): Generator<LatencyCell> {
    for (const thread of this.threads.values()) yield* thread.latencies;
  }

  get tally(): PairTally {
    return { ...this.counts, folded: this.room.folded };
  }

  /** Returns the number of calls that are in KVM as far as events go. */
  get inFlight(): number {
    return [...this.threads.values()].filter((thread) => thread.pending).length;
  }

  entered(cpu: number, ns: number, tid: number, hypercall: Hypercall, liobn: Liobn, npages: number): void {
    const thread = this.thread(tid);
    this.forget(thread);
    const cell = thread.cells.one(hypercall, liobn);
    const entries = this.entriesOf(hypercall, npages);
    this.counts.enters++;
    cell.entered++;
    cell.entries += entries;
    if (thread === this.beyond) {
      this.counts.exitsMissing++;
      return;
    }
    thread.pending = cell;
    thread.pendingEntries = entries;
    thread.pendingNs = ns;
    thread.pendingCpu = cpu;
  }

  enteredOther(tid: number): void {
    this.counts.otherEnters++;
    const thread = this.threads.get(tid);
    if (thread) this.forget(thread);
  }

  exited(cpu: number, ns: number, tid: number, outcome: Outcome, punted: Hypercall | undefined): void {
    if (punted !== undefined) this.counts.punts++;
    const thread = this.threads.get(tid);
    const cell = thread?.pending;
    if (thread && cell && this.belongs(thread, cell, cpu, outcome, punted)) {
      this.finish(thread, cell, ns, outcome);
      return;
    }
    if (thread) this.forget(thread);
    if (punted === undefined) {
      this.counts.otherExits++;
      return;
    }
    this.counts.entersMissing++;
    const owner = this.thread(tid);
    const orphan = owner.cells.without(punted, owner === this.beyond ? 'other' : 'all');
    orphan.punted++;
    if (hasOneEntry(punted)) orphan.puntedEntries++;
    awaitReturn(owner, punted, ns);
  }

  runEntered(ns: number, tid: number): void {
    const thread = this.threads.get(tid);
    if (!thread?.punted) return;
    thread.latencies.observe('round_trip', thread.punted, ns - thread.puntedNs);
    thread.punted = undefined;
  }

  /**
   * Takes note that events of a CPU are missing from now on until a time: what is in KVM now may have ended unseen, and
   * the next exit be that of another call. Calls in flight are given up. Until the time is over, a pair must be of one
   * CPU, as its thread may have been on the one with the gap in between.
   */
  gap(untilNs: number): void {
    for (const thread of this.threads.values()) this.forget(thread);
    this.gapEndNs = Math.max(this.gapEndNs, untilNs);
  }

  private belongs(
    thread: Thread,
    cell: RingCell,
    cpu: number,
    outcome: Outcome,
    punted: Hypercall | undefined,
  ): boolean {
    // To userspace the exit names its hypercall: another's means that the one in between was lost.
    if (outcome === 'userspace' && punted !== cell.hypercall) return false;
    return (this.exits === 'all' && cpu === thread.pendingCpu) || thread.pendingNs >= this.gapEndNs;
  }

  private finish(thread: Thread, cell: RingCell, ns: number, outcome: Outcome): void {
    this.counts.paired++;
    thread.pending = undefined;
    if (outcome === 'virtual') {
      thread.latencies.observe('handled', cell.hypercall, ns - thread.pendingNs);
    } else if (outcome === 'userspace') {
      cell.punted++;
      cell.puntedEntries += thread.pendingEntries;
      awaitReturn(thread, cell.hypercall, ns);
    } else {
      this.counts.neither++;
    }
  }

  private forget(thread: Thread): void {
    if (thread.pending) this.counts.exitsMissing++;
    thread.pending = undefined;
    thread.punted = undefined;
  }

  private thread(tid: number): Thread {
    const known = this.threads.get(tid);
    if (known) return known;
    if (this.threads.size >= this.room.limits.threads) return this.beyond;
    const thread = newThread(tid, this.room);
    this.threads.set(tid, thread);
    return thread;
  }

  private entriesOf(hypercall: Hypercall, npages: number): number {
    if (hasOneEntry(hypercall)) return 1;
    if (npages <= MAX_INDIRECT || (hypercall === 'H_STUFF_TCE' && npages !== Infinity)) return npages;
    this.counts.oversized++;
    return 0;
  }
}

function newThread(tid: number, room: CellRoom): Thread {
  return {
    cells: new ThreadCells(tid, room),
    latencies: new ThreadLatencies(tid),
    pending: undefined,
    pendingEntries: 0,
    pendingNs: 0,
    pendingCpu: 0,
    punted: undefined,
    puntedNs: 0,
  };
}

function awaitReturn(thread: Thread, punted: Hypercall, ns: number): void {
  thread.punted = punted;
  thread.puntedNs = ns;
}
