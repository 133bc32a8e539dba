/** The table of `top`: formats rates as lines of text. Pure; knows no terminal but its size. */
import { MODES } from '@tcewatch/protocol';
import { columns } from '../terminal/columns.js';
import { newest, visible } from './rates.js';
import type { RatesState, VmRates } from './rates.js';

export const SORTS = ['userspace', 'calls', 'name'] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
  sort: Sort;
  /** Cells of the sparkline; one for each reading of the last minute at most. */
  sparks: number;
}

const SPARKS = '▁▂▃▄▅▆▇█';
const HEAD = ['VM', 'real/s', 'virtual/s', 'userspace/s', 'in userspace', 'calls, last minute', 'cause'];

/** Returns the lines of the table, with a head and, at the end, what could not be read. */
export function renderTable(state: RatesState, { sort, sparks }: View): string[] {
  const rows = [...state.vms].sort(ORDERS[sort]).map((vm) => row(vm, sparks));
  return [
    `${state.host}, Linux ${state.kernel}: ${state.vms.length} VMs, by ${sort}`,
    ...lines([HEAD, ...rows]),
    ...state.problems.map((problem) => `! ${problem}`),
  ];
}

const byName = (a: VmRates, b: VmRates) => a.name.localeCompare(b.name) || a.uuid.localeCompare(b.uuid);
const ORDERS: Record<Sort, (a: VmRates, b: VmRates) => number> = {
  name: byName,
  userspace: (a, b) => (newest(b)?.userspace ?? 0) - (newest(a)?.userspace ?? 0) || byName(a, b),
  calls: (a, b) => visible(newest(b)) - visible(newest(a)) || byName(a, b),
};

/** Aligns numbers to the right, and the rest to the left. */
function lines(rows: readonly (readonly string[])[]): string[] {
  const numbers = columns(
    rows.map((cells) => cells.slice(0, 5)),
    1,
  )
    .trimEnd()
    .split('\n');
  const width = Math.max(...numbers.map((line) => line.length));
  const rest = columns(
    rows.map((cells) => cells.slice(5)),
    2,
  )
    .trimEnd()
    .split('\n');
  return numbers.map((line, i) => `${line.padEnd(width)}  ${rest[i] ?? ''}`.trimEnd());
}

function row(vm: VmRates, sparks: number): string[] {
  const rate = newest(vm);
  const name = vm.running ? vm.name : `${vm.name} (ended)`;
  const cells = MODES.map((mode) => (rate ? number(rate[mode]) : '-'));
  return [
    name,
    ...cells,
    share(vm),
    sparkline(vm.rates.map(({ perSecond }) => visible(perSecond)).slice(-sparks)),
    hint(vm),
  ];
}

function number(perSecond: number | null): string {
  if (perSecond === null) return 'unobservable';
  return perSecond.toLocaleString('en', { maximumFractionDigits: perSecond < 10 ? 1 : 0 });
}

/** Formats the share of all calls; not known where one mode is not. */
function share(vm: VmRates): string {
  const rate = newest(vm);
  if (!rate || visible(rate) === 0) return '-';
  if (MODES.some((mode) => rate[mode] === null)) return 'unknown';
  return `${(((rate.userspace ?? 0) / visible(rate)) * 100).toFixed(1)} %`;
}

/** Draws each value as a bar, the largest as the highest; a value above 0 is never the lowest. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(...values, 0);
  const bar = (value: number) => (value === 0 ? 0 : 1 + Math.round((value / most) * (SPARKS.length - 2)));
  return values.map((value) => SPARKS[bar(value)] ?? '').join('');
}

/** Share below which punts are no fallback: single calls go to userspace on a healthy VM as well. */
const WORTH_A_WORD = 0.01;

/** Says why a VM's hypercalls go to userspace, as far as one reading of the host tells; the collector knows more. */
export function hint(vm: VmRates): string {
  const rate = newest(vm);
  if (!rate) return '';
  const { real, virtual, userspace } = rate;
  if (userspace === null) return 'cannot be counted on KVM PR';
  if (userspace === 0 || userspace / (userspace + (virtual ?? 0)) < WORTH_A_WORD) return '';
  const descriptors = vm.facts?.descriptors;
  if (descriptors?.tceTables === 0) return 'no TCE table in the kernel';
  if (real === null) return 'real mode is not seen: the share in userspace is not known';
  if (!descriptors) return 'its descriptors cannot be read';
  const vfio = descriptors.vfioGroups.length > 0 ? ', which VFIO may have taken out of the kernel' : '';
  return `a LIOBN without a table${vfio}; ${descriptors.tceTables} left`;
}
