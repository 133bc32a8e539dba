/**
 * Handover from one histogram to another, without a call uncounted or counted twice. Pure.
 *
 * The kernel has no way to swap two histograms at one instant. So the new one, the taker, is made while the old one still
 * counts; from then on both count each call. For each thread and hypercall, what the old one had counted when the taker
 * began is a constant, its **offset**: old = offset + taker, at any instant. The offset is not known at once, since
 * calls go on while one is made and the other is read, but every reading bounds it:
 *
 * - it is at least what the old one had counted before the taker was made, and at most what it had after;
 * - where `before` and `after` are readings of the old one around one of the taker, offset + taker lies between them.
 *
 * Where a thread makes no call between two of the readings a bound is met exactly, and once both are, the offset is known.
 * When all are, a reading of the taker alone tells what the old one counts at that same instant: the last reading of its
 * epoch. The taker's epoch counts from that reading on. A thread that is born meanwhile has the offset 0; one that died
 * has not moved, so its offset is known at once and stays behind with the old epoch.
 *
 * A bound can be wrong by the one call that a processor is in the midst of counting, if the hypervisor below takes the
 * processor away just then: contradicting bounds are forgotten, and an offset must hold at a later reading as well. Last,
 * the sum of all offsets must be what the kernel's own totals allow.
 *
 * While the old histogram is full it drops calls that the taker counts. A thread of which it drops some has no constant
 * offset: it falls below what was counted when the taker was made, which gives it away. Such a thread keeps what it had
 * then, and what else it called before the taker began is among the lost: all that the kernel saw but the offsets do not
 * hold. Where such a guest never rests, the sum of its lost calls can come out short by those of one reading; the counts
 * of all others are exact, and no call is ever counted twice.
 */
import type { Account } from '@tcewatch/protocol';
import type { Cell, Handover } from '../../model.js';

/** Counts of a histogram in one reading. */
export interface Counts {
  cells: readonly Cell[];
  accounts: readonly Account[];
}

interface Bounds {
  least: number;
  most: number;
  /** Count of the old one before the taker was made. */
  start: number;
  /** Whether the old one drops some of these calls. */
  isDropped: boolean;
}

export interface Offsets {
  /** Whether both tell LIOBNs apart. */
  byLiobn: boolean;
  /** Accounts of the old one before the taker was made. */
  start: readonly Account[];
  /** Bounds by quantity. */
  bounds: ReadonlyMap<string, Bounds>;
}

/** The last reading of an epoch, and what begins with it. */
export interface LastCounts extends Counts {
  cells: Cell[];
  accounts: Account[];
  handover: Pick<Handover, 'cells' | 'seen'>;
}

/** Stands for a sum that cannot be told: no plausible number of entries. */
const UNKNOWN_ENTRIES = 2 ** 64;

const COUNTERS = ['entered', 'punted'] as const;
/** Bounds of a quantity that was not there when the taker began. */
const NOTHING: Readonly<Bounds> = { least: 0, most: 0, start: 0, isDropped: false };

/** Returns the first offsets. `before` and `after`: the old one, read before the taker was made and after. */
export function beginOffsets(before: Counts, after: Counts, byLiobn: boolean): Offsets {
  const then = quantities(before, byLiobn);
  const bounds = [...quantities(after, byLiobn)].map(([name, most]) => {
    const start = then.get(name) ?? 0;
    return [name, { least: start, most, start, isDropped: false }] as const;
  });
  return { byLiobn, start: before.accounts, bounds: new Map(bounds) };
}

/** Returns the offsets after one more reading of the taker, between two of the old one. */
export function narrow(offsets: Offsets, before: Counts, taker: Counts, after: Counts): Offsets {
  const [then, counted] = [before, taker].map((counts) => quantities(counts, offsets.byLiobn));
  const bounds = new Map(offsets.bounds);
  for (const [name, value] of quantities(after, offsets.byLiobn)) {
    const taken = counted?.get(name) ?? 0;
    const least = Math.max(0, (then?.get(name) ?? 0) - taken);
    const most = Math.max(0, value - taken);
    const known = offsets.bounds.get(name) ?? NOTHING;
    const both = { least: Math.max(least, known.least), most: Math.min(most, known.most) };
    const isDropped = known.isDropped || value - taken < known.start;
    bounds.set(name, { ...known, ...(both.least <= both.most ? both : { least, most }), isDropped });
  }
  return { ...offsets, bounds };
}

/**
 * Tells whether the offsets are known of the calls of every thread; those of entries may lag, as a guest can make them
 * anything.
 */
export function areCallsSettled({ bounds }: Offsets): boolean {
  return [...bounds].every(([name, offset]) => !name.startsWith('calls ') || offset.isDropped || isSettled(offset));
}

/** Tells whether it is known how many calls the old one lost before the taker began. */
export function areLossesSettled({ bounds }: Offsets): boolean {
  return COUNTERS.every((counter) => isSettled(bounds.get(`seen ${counter}`) ?? NOTHING));
}

function isSettled({ least, most }: Bounds): boolean {
  return least === most;
}

/**
 * Returns the last reading of the old epoch, from a reading of the old histogram and a later one of the taker.
 * Undefined when the kernel's own totals contradict the offsets: then they have to be found again.
 */
export function handOver(offsets: Offsets, old: Counts, taker: Counts): LastCounts | undefined {
  const rest = remainders(offsets, old, taker);
  const cells = [...old.cells, ...rest];
  const losses = new Map<string, number>();
  for (const counter of COUNTERS) {
    const lost = lostOf(counter, offsets, old);
    if (lost === undefined) return undefined;
    losses.set(counter, lost);
  }
  return {
    cells,
    accounts: COUNTERS.map((counter) => {
      const events = losses.get(counter) ?? 0;
      return {
        counter,
        seen: callsOf(counter, cells) + events,
        losses: events > 0 ? [{ kind: 'table-full', events }] : [],
      };
    }),
    handover: {
      cells: [...taker.cells],
      seen: COUNTERS.map((counter) => ({ counter, seen: callsOf(counter, taker.cells) })),
    },
  };
}

/** Returns what the old one lost before the taker began; calls that it drops later are counted by the taker. */
function lostOf(counter: Account['counter'], offsets: Offsets, old: Counts): number | undefined {
  let counted = 0;
  for (const name of offsets.bounds.keys()) {
    if (name.startsWith(`calls ${counter} `)) counted += offsetOf(offsets, name);
  }
  const seen = offsets.bounds.get(`seen ${counter}`) ?? NOTHING;
  if (counted > seen.most) return undefined;
  const lost = Math.max(droppedOf(counter, offsets.start), seen.least - counted);
  return lost > droppedOf(counter, old.accounts) ? undefined : lost;
}

/** Returns what the old one had counted after all, but not yet when it was read. */
function remainders(offsets: Offsets, old: Counts, taker: Counts): Cell[] {
  const [then, now] = [old, taker].map((counts) => quantities(counts, offsets.byLiobn));
  return [...cellsByLabel(taker.cells, offsets.byLiobn)].flatMap(([label, cell]) => {
    const since = (name: string) => offsetOf(offsets, name) + (now?.get(name) ?? 0) - (then?.get(name) ?? 0);
    const calls = Math.max(0, since(`calls ${label}`));
    if (cell.entries === undefined) return calls > 0 ? [{ ...cell, calls }] : [];
    const entries = areEntriesKnown(offsets, label) ? Math.max(0, since(`entries ${label}`)) : UNKNOWN_ENTRIES;
    return calls > 0 || entries > 0 ? [{ ...cell, calls, entries }] : [];
  });
}

function areEntriesKnown({ bounds }: Offsets, label: string): boolean {
  const offset = bounds.get(`entries ${label}`) ?? NOTHING;
  return isSettled(offset) && !offset.isDropped && Number.isSafeInteger(offset.most);
}

function offsetOf({ bounds }: Offsets, name: string): number {
  const { least, start, isDropped } = bounds.get(name) ?? NOTHING;
  return isDropped ? start : least;
}

/**
 * Lists all quantities that are bounded, by name: `calls LABEL` and `entries LABEL` of cells, `seen COUNTER` of the
 * kernel's totals.
 */
function quantities({ cells, accounts }: Counts, byLiobn: boolean): Map<string, number> {
  const sums = new Map<string, number>();
  const add = (name: string, value: number) => sums.set(name, (sums.get(name) ?? 0) + value);
  for (const cell of cells) {
    const label = labelOf(cell, byLiobn);
    add(`calls ${label}`, cell.calls);
    if (cell.entries !== undefined) add(`entries ${label}`, cell.entries);
  }
  for (const { counter, seen } of accounts) add(`seen ${counter}`, seen);
  return sums;
}

/** Returns a cell for each label, without a count. */
function cellsByLabel(cells: readonly Cell[], byLiobn: boolean): Map<string, Cell> {
  const labels = cells.map((cell) => {
    const labelled: Cell = byLiobn ? cell : { ...cell, scope: 'all', liobn: 0n };
    return [labelOf(cell, byLiobn), labelled] as const;
  });
  return new Map(labels);
}

function labelOf({ counter, tid, hypercall, liobn }: Cell, byLiobn: boolean): string {
  return byLiobn ? `${counter} ${tid} ${hypercall} ${liobn}` : `${counter} ${tid} ${hypercall}`;
}

function callsOf(counter: Account['counter'], cells: readonly Cell[]): number {
  return cells.reduce((sum, cell) => (cell.counter === counter ? sum + cell.calls : sum), 0);
}

/** Returns what the account says was lost. */
function droppedOf(counter: Account['counter'], accounts: readonly Account[]): number {
  const losses = accounts.find((account) => account.counter === counter)?.losses ?? [];
  return losses.reduce((sum, { events }) => sum + events, 0);
}

/** Returns the accounts of the old one while the taker counts: what is dropped since it began is not lost. */
export function withLossesOf({ start }: Offsets, accounts: readonly Account[]): Account[] {
  return accounts.map((account) => {
    const events = droppedOf(account.counter, start);
    const since = droppedOf(account.counter, [account]) - events;
    return {
      ...account,
      seen: account.seen - since,
      losses: events > 0 ? [{ kind: 'table-full', events }] : [],
    };
  });
}
