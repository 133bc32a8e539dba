/**
 * Cells that only grow, in which pairing counts: one for each thread, hypercall and LIOBN, in bounded memory whatever
 * guests do. A guest that uses ever new LIOBNs fills the `other` of its own threads, not the figures of its neighbours.
 */
import { HYPERCALL_NAMES } from '@tcewatch/protocol';
import type { Hypercall, Scope } from '@tcewatch/protocol';
import type { Liobn } from './events.js';

/** Calls of one thread, hypercall and LIOBN since the epoch began. Only ever grows. */
export interface RingCell {
  readonly tid: number;
  readonly hypercall: Hypercall;
  /** How the LIOBN is known. `all`: it is not; `other`: those that a cap folded together. No call is in two scopes. */
  readonly scope: Scope;
  /** LIOBN where scope is `one`, else 0. */
  readonly liobn: bigint;
  entered: number;
  punted: number;
  /** TCE entries asked for. */
  entries: number;
  puntedEntries: number;
}

/** Limits on what is counted separately. */
export interface CellLimits {
  /** Threads that have cells of their own; calls of further ones are counted under {@link NO_THREAD}. */
  threads: number;
  /** LIOBNs of one thread and hypercall. */
  liobns: number;
  /** Cells with an LIOBN, of all threads together. */
  cells: number;
}

/** Default limits; a guest with 31 PHBs of two windows each and 30 VIO devices fits in the LIOBNs. */
export const DEFAULT_CELL_LIMITS: Readonly<CellLimits> = { threads: 4096, liobns: 96, cells: 16_384 };

/** Thread id for calls of threads beyond the cap: the idle task's, which no vCPU has. */
export const NO_THREAD = 0;

/** Room for cells with an LIOBN, which all threads share. */
export class CellRoom {
  /** Calls that were counted without their LIOBN, or without their thread, for want of room. */
  folded = 0;
  private taken = 0;

  constructor(readonly limits: Readonly<CellLimits>) {}

  /** Takes room for one more cell of a thread and hypercall that has so many; returns false if there is none. */
  take(ofThread: number): boolean {
    if (ofThread >= this.limits.liobns || this.taken >= this.limits.cells) return false;
    this.taken++;
    return true;
  }
}

/** The cells of one thread. */
export class ThreadCells {
  private readonly withLiobn = perHypercall<Map<Liobn, RingCell>>(() => new Map());
  private readonly withoutLiobn = new Map<string, RingCell>();

  constructor(
    private readonly tid: number,
    private readonly room: CellRoom,
  ) {}

  /** Returns the cell that a call with this LIOBN is counted in. */
  one(hypercall: Hypercall, liobn: Liobn): RingCell {
    const cells = this.withLiobn[hypercall];
    const known = cells.get(liobn);
    if (known) return known;
    if (this.tid === NO_THREAD || !this.room.take(cells.size)) {
      this.room.folded++;
      return this.without(hypercall, 'other');
    }
    const cell = newCell(this.tid, hypercall, 'one', BigInt(liobn));
    cells.set(liobn, cell);
    return cell;
  }

  /** Returns the cell of calls whose LIOBN is not known (`all`) or was folded (`other`). */
  without(hypercall: Hypercall, scope: 'all' | 'other'): RingCell {
    const key = `${hypercall} ${scope}`;
    const cell = this.withoutLiobn.get(key) ?? newCell(this.tid, hypercall, scope, 0n);
    this.withoutLiobn.set(key, cell);
    return cell;
  }

  *[Symbol.iterator](): Generator<RingCell> {
    for (const hypercall of HYPERCALL_NAMES) yield* this.withLiobn[hypercall].values();
    yield* this.withoutLiobn.values();
  }
}

function newCell(tid: number, hypercall: Hypercall, scope: Scope, liobn: bigint): RingCell {
  return { tid, hypercall, scope, liobn, entered: 0, punted: 0, entries: 0, puntedEntries: 0 };
}

function perHypercall<T>(make: () => T): Record<Hypercall, T> {
  return { H_GET_TCE: make(), H_PUT_TCE: make(), H_PUT_TCE_INDIRECT: make(), H_STUFF_TCE: make() };
}
