/** The counters of a batch, summed over LIOBNs: what the rules compare between batches; and the time that punts took. */
import { COUNTERS, HYPERCALLS, HYPERCALL_NAMES, SPANS } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';

/** The counters that rules look at come first in COUNTERS; entries say nothing of who completed a call. */
const COUNTED = 3;
export const ENTERED = COUNTERS.indexOf('entered');
export const PUNTED = COUNTERS.indexOf('punted');
export const ISSUED = COUNTERS.indexOf('issued');

/**
 * Of one VM: its calls at {@link cell}(hypercall, counter), and its measured round trips at {@link TRIPS} and their
 * microseconds at {@link LOST_US}, NaN where the batch tells no times.
 */
export type Calls = Float64Array;

export const TRIPS = HYPERCALL_NAMES.length * COUNTED;
export const LOST_US = TRIPS + 1;
const CELLS = LOST_US + 1;
const ROUND_TRIP = SPANS.indexOf('round_trip');

const INDEX_OF_OPCODE = new Uint8Array(Math.max(...Object.values(HYPERCALLS)) + 1);
HYPERCALL_NAMES.forEach((name, index) => (INDEX_OF_OPCODE[HYPERCALLS[name]] = index));

/** Place of one counter of the hypercall that is the `hypercall`th of HYPERCALL_NAMES. */
export function cell(hypercall: number, counter: number): number {
  return hypercall * COUNTED + counter;
}

/** No calls: where every counter of an epoch begins. */
export const NO_CALLS: Calls = new Float64Array(CELLS);

/** The calls of each VM of the batch since its epoch began, in the order of its VM table. */
export function tally(batch: Batch): Calls[] {
  const sums = new Float64Array(batch.vms.length * CELLS);
  const { length, vm, counter, hypercall, value } = batch.series;
  for (let i = 0; i < length; i++) {
    const which = counter[i] ?? 0;
    if (which >= COUNTED) continue;
    const at = (vm[i] ?? 0) * CELLS + cell(INDEX_OF_OPCODE[hypercall[i] ?? 0] ?? 0, which);
    sums[at] = (sums[at] ?? 0) + (value[i] ?? 0);
  }
  addTrips(batch, sums);
  return batch.vms.map((_, i) => sums.subarray(i * CELLS, (i + 1) * CELLS));
}

function addTrips({ vms, latencies }: Batch, sums: Calls): void {
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
