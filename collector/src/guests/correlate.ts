/**
 * Joins what guests issued with what their hosts saw of them, by the VM's uuid: where the host cannot see real mode, what a
 * guest issued and did not enter virtual mode was completed there. Pure; `deriveModes` does the subtraction.
 *
 * Guest and host are read at different moments and count from different beginnings. So both are asked for the same time,
 * from the guest's first reading on, and only what they gained in it is compared. What is left is the error of two
 * instants: at each end, the calls that were made between the reading of the guest and that of the host, which is less than
 * one interval of each plus the difference of their clocks. It does not grow with time.
 */
import type { CounterValues, ModeEvidence } from '@tcewatch/protocol';
import type { CountRow, GuestSpan, LivingVmRow, StepRow, TimeRange } from '../store/index.js';

/** A time that a guest reported, within the life of its QEMU process and the time that was asked for. */
export interface Overlap {
  guest: Pick<GuestSpan, 'hostId' | 'life'>;
  fromNs: bigint;
  toNs: bigint;
}

/** The spans of the guest that runs in this VM; none where the host sees all modes itself. */
export function spansOf(vm: LivingVmRow, spans: readonly GuestSpan[]): GuestSpan[] {
  if (vm.uuid === '' || !vm.evidence.some(isHiddenReal)) return [];
  // A guest's own row bears the same uuid.
  if (spans.some(({ hostId, life }) => hostId === vm.hostId && life === vm.life)) return [];
  return spans.filter(({ uuid, lastNs }) => sameUuid(uuid, vm.uuid) && lastNs > vm.startedAtNs);
}

/** `toNs` is exclusive and `fromNs` inclusive in questions: a span begins after its first reading and ends with its last. */
export function overlaps(vm: LivingVmRow, spans: readonly GuestSpan[], { fromNs, toNs }: TimeRange): Overlap[] {
  return spans.flatMap(({ hostId, life, firstNs, lastNs }) => {
    const from = latest(firstNs + 1n, vm.startedAtNs, fromNs);
    const to = toNs !== undefined && toNs < lastNs + 1n ? toNs : lastNs + 1n;
    return from < to ? [{ guest: { hostId, life }, fromNs: from, toNs: to }] : [];
  });
}

/** What is said of the modes of a VM whose guest counts itself. */
export function derivedEvidence(evidence: readonly ModeEvidence[]): ModeEvidence[] {
  return evidence.map((known) =>
    isHiddenReal(known) ? { ...known, evidence: 'derived', reason: 'guest-issued' } : known,
  );
}

/** What the guest issued and the host did not see, in one overlap; also of hypercalls of which the host saw none. */
export function hiddenCalls(
  issued: readonly CountRow[],
  seen: readonly CountRow[],
): Map<CountRow['hypercall'], number> {
  const entered = new Map(seen.map(({ hypercall, counters }) => [hypercall, counters.entered ?? 0]));
  return new Map(
    issued.flatMap(({ hypercall, counters }) =>
      counters.issued === undefined ? [] : [[hypercall, counters.issued - (entered.get(hypercall) ?? 0)] as const],
    ),
  );
}

/** The VM's rows with `issued` as if the guest had counted over all of the time, and in real mode what it showed. */
export function withIssued(
  rows: readonly CountRow[],
  { hostId, life }: Pick<LivingVmRow, 'hostId' | 'life'>,
  hidden: ReadonlyMap<CountRow['hypercall'], number>,
): CountRow[] {
  const own = (row: CountRow) => row.hostId === hostId && row.life === life;
  const missing = [...hidden.keys()]
    .filter((hypercall) => !rows.some((row) => own(row) && row.hypercall === hypercall))
    .map((hypercall): CountRow => ({ hostId, life, hypercall, counters: {} }));
  return [...rows, ...missing].map((row) => {
    const calls = own(row) ? hidden.get(row.hypercall) : undefined;
    return calls === undefined ? row : { ...row, counters: issuedOf(row.counters, calls) };
  });
}

/** The host's steps with what the guest issued in each, where both were read and the guest reported throughout. */
export function joinSteps(
  steps: readonly StepRow[],
  guestSteps: readonly StepRow[],
  span: GuestSpan,
  stepNs: bigint,
): StepRow[] {
  const key = ({ atNs, hypercall }: StepRow) => `${atNs} ${hypercall}`;
  const known = new Map(steps.map((row) => [key(row), row]));
  const read = new Set(steps.filter((row) => row.read).map(({ atNs }) => atNs));
  for (const row of guestSteps) {
    const covered = row.atNs > span.firstNs && row.atNs + stepNs <= span.lastNs + 1n;
    if (!covered || !row.read || row.counters.issued === undefined) continue;
    const host = known.get(key(row)) ?? { ...row, read: read.has(row.atNs), counters: {} };
    if (host.read) known.set(key(row), { ...host, counters: { ...host.counters, issued: row.counters.issued } });
  }
  return [...known.values()].sort((a, b) => Number(a.atNs - b.atNs));
}

function issuedOf(counters: CounterValues, hidden: number): CounterValues {
  return { ...counters, issued: (counters.entered ?? 0) + Math.max(0, hidden) };
}

function isHiddenReal({ mode, evidence }: ModeEvidence): boolean {
  return mode === 'real' && evidence === 'unobservable';
}

/** QEMU takes a uuid in any case and the device tree tells it in lower case. */
function sameUuid(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function latest(first: bigint, ...others: (bigint | undefined)[]): bigint {
  return others.reduce<bigint>((a, b) => (b !== undefined && b > a ? b : a), first);
}
