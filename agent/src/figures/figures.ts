/**
 * Figures of VMs for people, from batches: calls by mode, entries, evidence. All lives of a VM are summed, so that a
 * figure only grows within an epoch. Pure; shared by the metrics and the totals of a replay.
 */
import {
  COUNTERS,
  HYPERCALL_NAMES,
  UNATTRIBUTED_LIFE,
  deriveModes,
  enteredEntries,
  hypercallName,
} from '@tcewatch/protocol';
import type { Batch, Counter, Evidence, Hypercall, ModeFigure, Vm } from '@tcewatch/protocol';

export interface HypercallFigures {
  hypercall: Hypercall;
  modes: ModeFigure[];
  /** Calls that the guest counted itself; null where nobody did. */
  issued: number | null;
  /** TCE entries that all calls which entered the kernel asked for; null when it cannot be told. */
  entries: number | null;
}

export interface VmFigures {
  vm: string;
  uuid: string;
  hypercalls: HypercallFigures[];
}

type Counters = Partial<Record<Counter, number>>;

/** Evidence from the surest to the least sure: a sum is known as well as its least known part. */
const SURENESS: readonly Evidence[] = ['absent', 'exact', 'derived', 'upper-bound', 'unobservable'];

/**
 * Returns the figures of each VM by name and uuid, in the order in which the batches have them. Batches of different
 * epochs add up; give the last one of each epoch. `unattributed` is there only if it has calls.
 */
export function vmFigures(batches: Iterable<Batch>): VmFigures[] {
  const found = new Map<string, VmFigures>();
  for (const batch of batches) {
    const counters = countersByVm(batch);
    for (const [i, vm] of batch.vms.entries()) {
      const own = counters[i];
      if (vm.life === UNATTRIBUTED_LIFE && own === undefined) continue;
      const key = JSON.stringify([vm.name, vm.uuid]);
      const one = { vm: vm.name, uuid: vm.uuid, hypercalls: lifeFigures(vm, own) };
      const sum = found.get(key);
      found.set(
        key,
        sum ? { ...sum, hypercalls: sum.hypercalls.map((h, j) => addHypercall(h, one.hypercalls[j])) } : one,
      );
    }
  }
  return [...found.values()];
}

/** Sums over LIOBNs, by index into the batch's VMs; a VM without series has none. */
function countersByVm(batch: Batch): (Map<Hypercall, Counters> | undefined)[] {
  const { series } = batch;
  const byVm: (Map<Hypercall, Counters> | undefined)[] = [];
  for (let i = 0; i < series.length; i++) {
    const counter = COUNTERS[series.counter[i] ?? -1];
    const hypercall = hypercallName(series.hypercall[i] ?? -1);
    if (counter === undefined || hypercall === undefined) continue;
    const own = (byVm[series.vm[i] ?? 0] ??= new Map<Hypercall, Counters>());
    const counters = own.get(hypercall) ?? {};
    counters[counter] = (counters[counter] ?? 0) + (series.value[i] ?? 0);
    own.set(hypercall, counters);
  }
  return byVm;
}

function lifeFigures(vm: Vm, counters: Map<Hypercall, Counters> | undefined): HypercallFigures[] {
  return HYPERCALL_NAMES.map((hypercall) => {
    const own = counters?.get(hypercall) ?? {};
    const modes = deriveModes(hypercall, own, vm.evidence);
    return { hypercall, modes, issued: own.issued ?? null, entries: enteredEntries(hypercall, own) };
  });
}

function addHypercall(a: HypercallFigures, b: HypercallFigures | undefined): HypercallFigures {
  if (b === undefined) return a;
  return {
    hypercall: a.hypercall,
    issued: add(a.issued, b.issued),
    entries: add(a.entries, b.entries),
    modes: a.modes.map((figure, i) => addMode(figure, b.modes[i])),
  };
}

function addMode(a: ModeFigure, b: ModeFigure | undefined): ModeFigure {
  if (b === undefined) return a;
  const { evidence, reason } = SURENESS.indexOf(b.evidence) > SURENESS.indexOf(a.evidence) ? b : a;
  return { mode: a.mode, calls: add(a.calls, b.calls), entries: add(a.entries, b.entries), evidence, reason };
}

/** Adds two figures; null, unobservable, if one of them is. */
function add(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
