/** Totals of a replay over all epochs: per VM, and the equation seen = counted + lost. Pure. */
import { COUNTERS } from '@tcewatch/protocol';
import type { Account, Batch, Total } from '@tcewatch/protocol';
import { vmFigures } from './figures.js';
import type { VmFigures } from './figures.js';

/** One equation: what the kernel saw, what became a count of a series, and what the kernel lost. */
export interface Balance {
  seen: number;
  counted: number;
  lost: number;
}

export interface Totals extends Balance {
  /** Balance of the hypercalls that were punted; the outer one is that of all calls that entered the kernel. */
  punted: Balance;
  totals: Total[];
}

/** Returns the figures of each VM name, lives and uuids summed. `batches`: the last one of each epoch. */
export function figuresByName(batches: readonly Batch[]): VmFigures[] {
  return vmFigures(batches.map((batch) => ({ ...batch, vms: batch.vms.map((vm) => ({ ...vm, uuid: '' })) })));
}

/** Computes the totals; `batches` as for {@link figuresByName}. */
export function computeTotals(batches: readonly Batch[]): Totals {
  return {
    ...balance(batches, 'entered'),
    punted: balance(batches, 'punted'),
    totals: figuresByName(batches).flatMap(({ vm, hypercalls }) =>
      hypercalls.flatMap(({ hypercall, modes }) => modes.map((figure) => ({ vm, hypercall, ...figure }))),
    ),
  };
}

/** Tells whether nothing went missing between the kernel's own count and the series. */
export function isBalanced({ seen, counted, lost }: Balance): boolean {
  return seen === counted + lost;
}

function balance(batches: readonly Batch[], counter: Account['counter']): Balance {
  const accounts = batches.flatMap((batch) => batch.accounts).filter((account) => account.counter === counter);
  const index = COUNTERS.indexOf(counter);
  return {
    seen: sum(accounts.map((account) => account.seen)),
    counted: sum(
      batches.flatMap(({ series }) => Array.from(series.value).filter((_, i) => series.counter[i] === index)),
    ),
    lost: sum(accounts.flatMap((account) => account.losses.map((loss) => loss.events))),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
