/**
 * The ledger: what the kernel counted for each thread becomes counters of VMs. A pure function of readings.
 *
 * Within an epoch each cell only grows. What it grew by since the last reading is credited to the VM that owns its
 * thread now; if none is seen to, to the last that did; if none ever was, to `unattributed`. So what a thread id had
 * counted before it was used again stays with the thread before.
 */
import type { Cell, Reading } from '../model.js';
import { splitPunts } from './split-punts.js';
import { cellKey, emptyLedger } from './state.js';
import { attribute, deltaOf, draftOf } from './attribute.js';
import type { Delta, VmDraft } from './attribute.js';
import { accountsOf, nextEpoch } from './epoch.js';
import { creditLatency, latencyDeltas, sumLatencies } from './latencies.js';
import type { LatencyDelta } from './latencies.js';
import { livingOwners, ownersAfter, rememberOwners } from './owners.js';
import type {
  CellCount,
  EpochState,
  Folded,
  HandoverState,
  LatencyCount,
  LedgerCaps,
  LedgerState,
  Owner,
  VmState,
} from './state.js';
import { see, uncounted, withoutForgotten } from './vms.js';
import type { Seen } from './vms.js';

interface CountedCell extends CellCount {
  readonly cell: Cell;
}

/** Returns the ledger after a reading. Leaves the given state as it is. */
export function advance(state: LedgerState, reading: Reading, caps: Readonly<LedgerCaps>): LedgerState {
  const split = sumByLabels(cellsOf(state, reading));
  const epoch = nextEpoch(state, reading, split);
  const cells = epoch.replaced > 0 ? sumByLabels(reading.cells) : split;
  const before = epoch.id === state.epoch?.id ? state : beginEpoch(state, epoch);
  const seen = see(before.vms, reading.vms, reading.unattributedEvidence, caps.vms);
  const owners = ownersAfter(before.owners, reading.vms);
  const deltas = deltasOf(before.cells, cells);
  const latencyCells = reading.latencies && sumLatencies(reading.latencies);
  const since = {
    calls: busiestFirst(deltas.values()),
    latencies: latencyDeltas(before.latencyCells, latencyCells ?? new Map()),
  };
  const credited = creditAll(since, seen, owners, caps.liobnsPerVm);
  const counted = new Set([...reading.cells, ...(reading.latencies ?? [])].map(({ tid }) => tid));
  const remembered = rememberOwners(owners, reading.vms, counted, caps.threads);
  const folded = {
    liobnCalls: state.folded.liobnCalls + credited.liobnCalls,
    vmCalls: state.folded.vmCalls + credited.vmCalls,
    vms: seen.beyond,
    threads: remembered.dropped,
  };
  const replaced = epoch.given === state.epoch?.given && epoch.replaced > state.epoch.replaced;
  return {
    epoch,
    handover: handoverOf(reading),
    uptimeNs: reading.clock.uptimeNs,
    cells: countsOf(cells, deltas),
    latencyCells: latencyCells ?? before.latencyCells,
    owners: remembered.owners,
    vms: withoutForgotten(credited.vms),
    accounts: accountsOf(epoch, reading.accounts),
    problems: [...reading.problems, ...problemsOf(replaced, folded, caps)],
    folded,
  };
}

/**
 * Returns the cells of a reading, split by LIOBN as far as its source can; not split where counters went back, as then
 * nothing is known.
 */
function cellsOf({ epoch, cells, handover }: LedgerState, reading: Reading): readonly Cell[] {
  if (!reading.punts) return reading.cells;
  if (epoch?.given === reading.epoch && epoch.bootId === reading.bootId) {
    return epoch.replaced > 0 ? reading.cells : splitPunts(cells, reading.cells, reading.punts);
  }
  const handed = handover?.epoch === reading.epoch ? handover.cells : new Map<string, CellCount>();
  return splitPunts(handed, reading.cells, reading.punts);
}

/** Begins an epoch with nothing counted; VMs and threads live on, unless the host was rebooted. */
function beginEpoch(state: LedgerState, { bootId, given, replaced }: EpochState): LedgerState {
  const { epoch, handover, vms, owners, folded } = state;
  if (epoch?.bootId !== bootId) return { ...emptyLedger(), folded };
  const handed = handover?.epoch === given && replaced === 0 ? handover : undefined;
  const cells = handed?.cells ?? new Map<string, CellCount>();
  // Replaced were the counters: what was measured before belongs to the epoch before in any case.
  const latencyCells = replaced > 0 ? state.latencyCells : (handed?.latencyCells ?? new Map<string, LatencyCount>());
  return { ...state, cells, latencyCells, vms: uncounted(vms), owners: livingOwners(owners, vms) };
}

function handoverOf({ handover, clock }: Reading): HandoverState | undefined {
  return (
    handover && {
      epoch: handover.epoch,
      beganNs: clock.uptimeNs,
      cells: sumByLabels(handover.cells),
      latencyCells: sumLatencies(handover.latencies ?? []),
      before: new Map(handover.seen.map(({ counter, seen }) => [counter, seen])),
    }
  );
}

/**
 * Sums cells with the same labels: the kernel may print a key twice, when two processors made its entry at the same
 * moment.
 */
function sumByLabels(cells: readonly Cell[]): Map<string, CountedCell> {
  const sums = new Map<string, CountedCell>();
  for (const cell of cells) {
    const key = cellKey(cell);
    const { calls, entries } = sums.get(key) ?? { calls: 0, entries: 0 };
    const both = entries === undefined || cell.entries === undefined ? undefined : entries + cell.entries;
    sums.set(key, { cell, calls: calls + cell.calls, entries: both });
  }
  return sums;
}

/** Returns what each cell counted between two readings. */
function deltasOf(before: LedgerState['cells'], now: ReadonlyMap<string, CountedCell>): Map<string, Delta> {
  return new Map([...now].map(([key, count]) => [key, deltaOf(count.cell, count, before.get(key))]));
}

/** Sorts the deltas that counted anything, the busiest first, since those are the first to get series of their own. */
function busiestFirst(deltas: Iterable<Delta>): Delta[] {
  return [...deltas]
    .filter(({ calls, entries }) => calls > 0 || (typeof entries === 'number' && entries > 0))
    .sort((a, b) => b.calls - a.calls);
}

/** Returns the counts that the next reading is compared with. */
function countsOf(cells: ReadonlyMap<string, CountedCell>, deltas: ReadonlyMap<string, Delta>): Map<string, CellCount> {
  return new Map(
    [...cells].map(([key, { calls, entries }]) => [
      key,
      { calls, entries, ...(deltas.get(key)?.doubtful && { doubtful: true }) },
    ]),
  );
}

function creditAll(
  since: { calls: readonly Delta[]; latencies: readonly LatencyDelta[] },
  { vms, unattributed }: Seen,
  owners: ReadonlyMap<number, Owner>,
  liobnsPerVm: number,
): { vms: ReadonlyMap<string, VmState>; liobnCalls: number; vmCalls: number } {
  const drafts = new Map<VmState, VmDraft>();
  const draftFor = (owner: Owner | undefined): VmDraft => {
    const vm = (owner && vms.get(owner.life)) ?? unattributed;
    const draft = drafts.get(vm) ?? draftOf(vm);
    drafts.set(vm, draft);
    return draft;
  };
  let liobnCalls = 0;
  let vmCalls = 0;
  for (const delta of since.calls) {
    const owner = owners.get(delta.cell.tid);
    if (owner && !vms.has(owner.life)) vmCalls += delta.calls;
    liobnCalls += attribute(draftFor(owner), delta, liobnsPerVm);
  }
  for (const delta of since.latencies) creditLatency(draftFor(owners.get(delta.cell.tid)).latencies, delta);
  const changed = [...drafts].map(([vm, draft]) => [vm.identity.life, { ...vm, ...draft }] as const);
  return { vms: new Map([...vms, ...changed]), liobnCalls, vmCalls };
}

function problemsOf(replaced: boolean, folded: Folded, caps: Readonly<LedgerCaps>): string[] {
  const problems: string[] = [];
  if (replaced) {
    problems.push(
      'counters of the kernel went back: something else replaced the histograms, and what they had counted since the ' +
        'last reading is lost; a new epoch begins',
    );
  }
  if (folded.vms > 0) {
    problems.push(`${folded.vms} VMs are beyond the cap of ${caps.vms} and counted as unattributed: raise caps.vms`);
  }
  if (folded.threads > 0) {
    problems.push(`${folded.threads} threads are beyond the cap of ${caps.threads}: raise caps.threads`);
  }
  return problems;
}
