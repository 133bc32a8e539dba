/** The counters of a batch, summed over LIOBNs: what the rules compare between batches; and the time that punts took. */
import { COUNTERS, HYPERCALLS, HYPERCALL_NAMES, SCOPES, SPANS } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';

/** The counters that rules look at come first in COUNTERS; entries say nothing of who completed a call. */
const COUNTED = 3;
export const ENTERED = COUNTERS.indexOf('entered');
export const PUNTED = COUNTERS.indexOf('punted');
export const ISSUED = COUNTERS.indexOf('issued');

/**
 * Of one VM, from `at` on: its calls at {@link cell}(hypercall, counter), and its measured round trips at {@link TRIPS} and
 * their microseconds at {@link LOST_US}, NaN where the batch tells no times. Of one LIOBN of it: its calls alone.
 */
export interface Calls {
  cells: Float64Array;
  at: number;
}

const CALLS = HYPERCALL_NAMES.length * COUNTED;
export const TRIPS = CALLS;
export const LOST_US = TRIPS + 1;
const CELLS = LOST_US + 1;
const ROUND_TRIP = SPANS.indexOf('round_trip');
const ONE = SCOPES.indexOf('one');

/** LIOBNs of one VM that are told apart: guests name them, and agents send no more. */
const MAX_LIOBNS = 64;

/** The calls of one VM, and of those of its LIOBNs of which the source knows punts. */
export interface VmCalls extends Calls {
  liobns: ReadonlyMap<bigint, Calls>;
}

/** The calls of all VMs of a batch, in the order of its VM table: an array for each would cost more than what is in it. */
export interface BatchCalls {
  cells: Float64Array;
  liobns: readonly (ReadonlyMap<bigint, Calls> | undefined)[];
}

const NO_LIOBNS: ReadonlyMap<bigint, Calls> = new Map();

const INDEX_OF_OPCODE = new Uint8Array(Math.max(...Object.values(HYPERCALLS)) + 1);
HYPERCALL_NAMES.forEach((name, index) => (INDEX_OF_OPCODE[HYPERCALLS[name]] = index));

/** Place of one counter of the hypercall that is the `hypercall`th of HYPERCALL_NAMES. */
export function cell(hypercall: number, counter: number): number {
  return hypercall * COUNTED + counter;
}

/** Value at a place. */
export function valueAt({ cells, at }: Calls, place: number): number {
  return cells[at + place] ?? NaN;
}

/** No calls: where every counter of an epoch begins. */
export const NO_CALLS: VmCalls = { cells: new Float64Array(CELLS), at: 0, liobns: NO_LIOBNS };

/** The calls of each VM of the batch since its epoch began; summed up in `spare` cells that nobody needs, where they fit. */
export function countCalls(batch: Batch, spare?: Float64Array): BatchCalls {
  const size = batch.vms.length * CELLS;
  const cells = spare?.length === size ? spare.fill(0) : new Float64Array(size);
  const { length, vm, counter, scope, hypercall, value } = batch.series;
  let puntsByLiobn = false;
  for (let i = 0; i < length; i++) {
    const which = counter[i] ?? 0;
    if (which >= COUNTED) continue;
    if (which === PUNTED && scope[i] === ONE) puntsByLiobn = true;
    const at = (vm[i] ?? 0) * CELLS + cell(INDEX_OF_OPCODE[hypercall[i] ?? 0] ?? 0, which);
    cells[at] = (cells[at] ?? 0) + (value[i] ?? 0);
  }
  addTrips(batch, cells);
  return { cells, liobns: puntsByLiobn ? countLiobns(batch) : [] };
}

/** The calls on one LIOBN; undefined where it is not known how many there were before it was punted for the first time. */
export function callsOn(vmCalls: VmCalls, liobn: bigint): Calls | undefined {
  return vmCalls.liobns.get(liobn) ?? (vmCalls === NO_CALLS ? NO_CALLS : undefined);
}

/** Calls of the VM at a place of the batch's VM table. */
export function callsOfVm({ cells, liobns }: BatchCalls, place: number): VmCalls {
  return { cells, at: place * CELLS, liobns: liobns[place] ?? NO_LIOBNS };
}

/** For each VM with a punt on a known LIOBN: all of its LIOBNs with punts. */
function countLiobns({ series }: Batch): (Map<bigint, Calls> | undefined)[] {
  const { length, vm, counter, scope, hypercall, liobn, value } = series;
  const vms: (Map<bigint, Calls> | undefined)[] = [];
  const add = (counted: number): void => {
    for (let i = 0; i < length; i++) {
      if (counter[i] !== counted || scope[i] !== ONE) continue;
      const name = liobn[i] ?? 0n;
      let liobns = vms[vm[i] ?? 0];
      if (counted === PUNTED) liobns = vms[vm[i] ?? 0] ??= new Map<bigint, Calls>();
      let calls = liobns?.get(name);
      if (counted === PUNTED && !calls && liobns && liobns.size < MAX_LIOBNS) {
        calls = { cells: new Float64Array(CALLS), at: 0 };
        liobns.set(name, calls);
      }
      if (calls) calls.cells[cell(INDEX_OF_OPCODE[hypercall[i] ?? 0] ?? 0, counted)] = value[i] ?? 0;
    }
  };
  add(PUNTED);
  add(ENTERED);
  return vms;
}

function addTrips({ vms, latencies }: Batch, sums: Float64Array): void {
  if (!latencies) {
    for (let vm = 0; vm < vms.length; vm++) sums.fill(NaN, vm * CELLS + TRIPS, (vm + 1) * CELLS);
    return;
  }
  const { length, vm, span, calls, totalUs } = latencies;
  for (let i = 0; i < length; i++) {
    if (span[i] !== ROUND_TRIP) continue;
    const at = (vm[i] ?? 0) * CELLS;
    sums[at + TRIPS] = (sums[at + TRIPS] ?? 0) + (calls[i] ?? 0);
    sums[at + LOST_US] = (sums[at + LOST_US] ?? 0) + (totalUs[i] ?? 0);
  }
}
