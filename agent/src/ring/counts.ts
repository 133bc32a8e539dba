/** Cells and accounts from ring buffers, for `verify` and the replay of a ring. */
import type { Account, Loss } from '@tcewatch/protocol';
import { hasOneEntry } from '@tcewatch/protocol';
import type { Cell, LatencyCell } from '../model.js';
import { DEFAULT_CELL_LIMITS } from './decode/cells.js';
import { EventReader } from './decode/events.js';
import type { HypercallFormats } from './decode/events.js';
import type { PageLayout } from './decode/header.js';
import { RingMerge } from './decode/merge.js';
import type { CpuTally, PageSource } from './decode/merge.js';
import { Pairing } from './decode/pair.js';
import type { Exits } from './decode/pair.js';
import type { RingStats } from './decode/stats.js';

const MAX_DAMAGE = 4;

/** Counters in the order of their instances. */
export const RING_COUNTERS = ['entered', 'punted'] as const;

/** Counts of one epoch. Buffers come one set after the other; what they hold is added up. */
export class RingCounts {
  /** Errors of decoding; the first few, as each names another place. */
  private readonly damage = new Set<string>();
  private readonly reader: EventReader;
  private readonly pairing: Pairing;

  constructor(formats: HypercallFormats, exits: Exits) {
    this.reader = new EventReader(formats);
    this.pairing = new Pairing(DEFAULT_CELL_LIMITS, exits);
  }

  /** Merges buffers, which must have one clock; to be drained up to ever later times. */
  merge(layout: PageLayout, pages: readonly PageSource[]): RingMerge {
    return new RingMerge(layout, pages, {
      event: (cursor, cpu) => {
        this.reader.read(cursor, cpu, this.pairing);
      },
      gap: (_cpu, untilNs) => {
        this.pairing.gap(untilNs);
      },
      damaged: (cpu, error) => {
        const cannot = 'events that cannot be decoded are missing from the counts';
        if (this.damage.size < MAX_DAMAGE) this.damage.add(`CPU ${cpu}: ${cannot}: ${error.message}`);
      },
    });
  }

  /** Problems in words for the operator. */
  get problems(): string[] {
    const folded = `more threads or LIOBNs than the ring tells apart: some calls are counted under other, or no VM`;
    return [...this.damage, ...(this.pairing.tally.folded > 0 ? [folded] : [])];
  }

  /** Numbers of decoded events of each counter. */
  get events(): Record<(typeof RING_COUNTERS)[number], number> {
    const { enters, punts } = this.pairing.tally;
    return { entered: enters, punted: punts };
  }

  cells(): Cell[] {
    return [...this.pairing.cells()].flatMap(({ tid, hypercall, scope, liobn, ...counts }) => {
      const of = { tid, hypercall, scope, liobn };
      const cells: Cell[] = [];
      if (counts.entered > 0) {
        cells.push({ counter: 'entered', ...of, calls: counts.entered, entries: counts.entries });
      }
      if (counts.punted > 0) {
        // Where the enter was lost, so is the number of entries: the ledger tells none rather than too few.
        const isKnown = scope === 'one' || hasOneEntry(hypercall);
        cells.push({ counter: 'punted', ...of, calls: counts.punted, entries: isKnown ? counts.puntedEntries : NaN });
      }
      return cells;
    });
  }

  latencies(): LatencyCell[] {
    return [...this.pairing.latencies()];
  }
}

/** Numbers of the events of one counter, by what became of them. */
export interface RingTally {
  /** Events that were decoded. */
  events: number;
  overwritten: number;
  dropped: number;
}

/** Returns accounts in which seen = counted + lost, for each counter; tallies are in the order of RING_COUNTERS. */
export function accountsOf(tallies: readonly RingTally[]): Account[] {
  return RING_COUNTERS.map((counter, i) => {
    const { events, overwritten, dropped } = tallies[i] ?? { events: 0, overwritten: 0, dropped: 0 };
    const losses: Loss[] = [
      { kind: 'overwritten', events: overwritten },
      { kind: 'dropped', events: dropped },
    ];
    return {
      counter,
      seen: events + overwritten + dropped,
      losses: losses.filter((loss) => loss.events > 0),
    };
  });
}

/** Tallies events by the kernel's own numbers of what it lost, which are exact where a page has no room for one. */
export function tallyOf(cpus: readonly CpuTally[], stats: readonly RingStats[]): RingTally {
  return {
    events: total(cpus, ({ events }) => events),
    overwritten: total(stats, ({ overrun }) => overrun),
    dropped: total(stats, ({ dropped, commitOverrun }) => dropped + commitOverrun),
  };
}

export function total<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((sum, value) => sum + of(value), 0);
}
