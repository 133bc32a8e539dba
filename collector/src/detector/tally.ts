/** The counters of a batch, summed over LIOBNs: what the rules compare between batches. */
import { COUNTERS, HYPERCALLS, HYPERCALL_NAMES } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';

/** The counters that rules look at come first in COUNTERS; entries say nothing of who completed a call. */
const COUNTED = 3;
export const ENTERED = COUNTERS.indexOf('entered');
export const PUNTED = COUNTERS.indexOf('punted');
export const ISSUED = COUNTERS.indexOf('issued');

/** Calls of one VM: at {@link cell}(hypercall, counter). */
export type Calls = Float64Array;

const CELLS = HYPERCALL_NAMES.length * COUNTED;

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
  return batch.vms.map((_, i) => sums.subarray(i * CELLS, (i + 1) * CELLS));
}
