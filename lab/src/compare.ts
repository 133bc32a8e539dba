/**
 * The verdict: what is in ClickHouse against the ring buffer's text, and the ring buffer's text against what each guest
 * issued; for every life of a VM, hypercall and mode, to the call. Pure.
 */
import { HYPERCALL_NAMES, UNATTRIBUTED_LIFE } from '@tcewatch/protocol';
import type { Hypercall, Mode } from '@tcewatch/protocol';
import type { Stored } from './collector.js';
import type { Guest, IssuedReading } from './guest.js';
import type { Calls, CallsByThread, RingCount } from './ring-text.js';

/** A figure that two counted; null where one could not. */
export interface Pair {
  first: number | null;
  second: number;
}

export interface Row {
  /** Name and life. */
  vm: string;
  hypercall: Hypercall;
  /** The figure in ClickHouse and the one in the ring buffer. */
  virtual: Pair;
  userspace: Pair;
  /** Issued by the guest, and in the ring buffer, over the same time. */
  issued: Pair;
}

export interface Comparison {
  rows: Row[];
  /** What else is wrong, in words. */
  faults: string[];
}

/** A guest as the comparison needs it. */
export type Counted = Pick<Guest, 'name' | 'life' | 'tgid' | 'threads' | 'readings'> & {
  /** Modes in which it must have made calls, and no others: else what was to be shown did not happen. */
  expected: readonly Mode[];
  /** Whether it makes so many LIOBNs up that calls are lost, and declared; else none may be. */
  isFlooding?: boolean;
};

const NO_CALLS: CallsByThread = new Map();

export function isEqual({ first, second }: Pair): boolean {
  return first === second;
}

export function isRight({ rows, faults }: Comparison): boolean {
  const pairs = rows.flatMap((row) => [row.virtual, row.userspace, row.issued]);
  return pairs.length > 0 && pairs.every(isEqual) && faults.length === 0;
}

export function compare(guests: readonly Counted[], ring: RingCount, stored: Stored): Comparison {
  const compared = guests.map((guest) => compareGuest(guest, ring, stored));
  return {
    rows: compared.flatMap(({ rows }) => rows),
    faults: [
      ...compared.flatMap(({ faults }) => faults),
      ...strangers(guests, ring),
      ...unattributed(stored),
      ...unbalanced(guests, stored, ring),
    ],
  };
}

function compareGuest(guest: Counted, ring: RingCount, { vms, counts }: Stored): Comparison {
  const vm = `${guest.name} (life ${guest.life})`;
  const faults: string[] = [];
  const { life } = vms.find(({ name, tgid }) => name === guest.name && tgid === guest.tgid) ?? {};
  if (life === undefined) faults.push(`${vm}: ClickHouse does not know it`);
  const figures = counts.find((count) => count.life === life)?.hypercalls ?? [];
  const span = quietSpan(guest, ring);
  if (!span) faults.push(`${vm}: no two of its own readings fell into a moment without a call`);

  const rows = HYPERCALL_NAMES.flatMap((hypercall): Row[] => {
    const seen = callsOf(guest, ring.calls, hypercall);
    const modes = figures.find((figure) => figure.hypercall === hypercall)?.modes;
    if (seen.entered === 0 && !modes) return [];
    const of = (mode: Mode): number | null => modes?.find((figure) => figure.mode === mode)?.calls ?? null;
    if (of('real') !== 0) faults.push(`${vm}: ${hypercall} in real mode: ${of('real') ?? 'unknown'} instead of 0`);
    return [
      {
        vm,
        hypercall,
        virtual: { first: of('virtual'), second: seen.entered - seen.punted },
        userspace: { first: of('userspace'), second: seen.punted },
        issued: span ? issuedIn(span, guest, ring, hypercall) : { first: null, second: seen.entered },
      },
    ];
  });
  for (const mode of ['virtual', 'userspace'] as const) {
    const calls = rows.reduce((sum, row) => sum + row[mode].second, 0);
    if (calls > 0 !== guest.expected.includes(mode)) faults.push(`${vm}: ${calls} calls in mode ${mode}`);
  }
  return { rows, faults };
}

function callsOf(guest: Counted, calls: CallsByThread, hypercall: Hypercall): Calls {
  const sum = { entered: 0, punted: 0 };
  for (const tid of guest.threads) {
    const { entered, punted } = calls.get(tid)?.get(hypercall) ?? { entered: 0, punted: 0 };
    sum.entered += entered;
    sum.punted += punted;
  }
  return sum;
}

/** The first and the last reading of the guest's own count during which it made no call. */
function quietSpan(guest: Counted, ring: RingCount): [IssuedReading, IssuedReading] | undefined {
  const quiet = guest.readings.filter(({ from, to }) =>
    HYPERCALL_NAMES.every(
      (hypercall) => enteredAt(guest, ring, from, hypercall) === enteredAt(guest, ring, to, hypercall),
    ),
  );
  const [first, last] = [quiet[0], quiet.at(-1)];
  return first && last && first !== last ? [first, last] : undefined;
}

function issuedIn(
  [first, last]: [IssuedReading, IssuedReading],
  guest: Counted,
  ring: RingCount,
  name: Hypercall,
): Pair {
  return {
    first: (last.issued.get(name) ?? 0) - (first.issued.get(name) ?? 0),
    second: enteredAt(guest, ring, last.to, name) - enteredAt(guest, ring, first.to, name),
  };
}

function enteredAt(guest: Counted, ring: RingCount, mark: string, hypercall: Hypercall): number {
  return callsOf(guest, ring.marks.get(mark) ?? NO_CALLS, hypercall).entered;
}

function strangers(guests: readonly Counted[], ring: RingCount): string[] {
  const known = guests.flatMap(({ threads }) => threads);
  return [
    ...[...ring.calls.keys()].filter((tid) => !known.includes(tid)).map((tid) => `thread ${tid} is of no guest`),
    ...(new Set(known).size < known.length
      ? ['a thread id was used by two guests, whose calls cannot be told apart']
      : []),
  ];
}

function unattributed({ counts }: Stored): string[] {
  return counts.some(({ life }) => life === UNATTRIBUTED_LIFE)
    ? ['ClickHouse has calls that it attributes to no VM']
    : [];
}

function unbalanced(guests: readonly Counted[], { accounts }: Stored, ring: RingCount): string[] {
  const mayLose = guests.some(({ isFlooding }) => isFlooding === true);
  return (['entered', 'punted'] as const).flatMap((counter) => {
    const { seen, stored, lost } = accounts.find((account) => account.counter === counter) ?? {
      seen: 0,
      stored: 0,
      lost: 0,
    };
    const recorded = [...ring.calls.values()]
      .flatMap((calls) => [...calls.values()])
      .reduce((sum, c) => sum + c[counter], 0);
    return seen === stored + lost && seen === recorded && (lost === 0 || mayLose)
      ? []
      : [`${counter}: seen ${seen}, stored ${stored}, lost ${lost}, in the ring buffer ${recorded}`];
  });
}
