/** The report at the end of a replay: a table per VM, remarks on the figures, and the equation. Pure. */
import type { ModeFigure } from '@tcewatch/protocol';
import { REASONS } from '../evidence/reasons.js';
import type { VmFigures } from '../figures/figures.js';
import type { Balance } from '../figures/totals.js';
import { columns } from '../terminal/columns.js';

/** Formats the report. Hypercalls that a VM certainly never made have no row. */
export function report(figures: readonly VmFigures[], balance: Balance): string {
  const rows = figures.flatMap(({ vm, hypercalls }) =>
    hypercalls
      .filter(({ modes }) => modes.some(({ calls }) => calls !== 0))
      .map(({ hypercall, modes, entries }) => [vm, hypercall, ...modes.map(cell), number(entries)]),
  );
  const head = ['VM', 'hypercall', 'real', 'virtual', 'userspace', 'entries'];
  const { seen, counted, lost } = balance;
  const equation = `seen ${number(seen)} = counted ${number(counted)} + lost ${number(lost)}`;
  return `${columns([head, ...rows], 2)}\n${notes(figures)}${equation}\n`;
}

const sentences = new Map<string, string>(Object.entries(REASONS));

function cell({ calls, evidence }: ModeFigure): string {
  if (calls === null) return 'unobservable';
  return evidence === 'exact' ? number(calls) : `${number(calls)} (${evidence})`;
}

function number(value: number | null): string {
  return value === null ? 'unknown' : value.toLocaleString('en');
}

/** The reasons of all figures that are not exact, each once. */
function notes(figures: readonly VmFigures[]): string {
  const modes = figures.flatMap(({ hypercalls }) => hypercalls.flatMap((hypercall) => hypercall.modes));
  const lines = modes
    .filter(({ evidence }) => evidence !== 'exact')
    .map(({ mode, evidence, reason }) => `${mode}: ${evidence}. ${sentences.get(reason) ?? reason}\n`);
  return [...new Set(lines)].join('');
}
