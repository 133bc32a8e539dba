/** Which VMs of the fleet are listed, and in which order. Pure. */
import { VM_STATES } from '@tcewatch/protocol/vm-state';
import type { VmState } from '@tcewatch/protocol/vm-state';
import type { FleetVm } from './api/answers.js';

export const SORTS = {
  state: 'State',
  vm: 'VM',
  host: 'Host',
  rate: 'Calls',
  userspace: 'Userspace',
  alert: 'Newest alert',
} as const;
export type Sort = keyof typeof SORTS;

export interface Listing {
  /** Part of the name of VM or host, of the uuid or the cause; empty: all. */
  q: string;
  /** Empty: all. */
  state: string;
  sort: Sort;
}

export function listingOf(query: Readonly<Record<string, string>>): Listing {
  const { q = '', state = '', sort = '' } = query;
  return { q, state, sort: Object.hasOwn(SORTS, sort) ? (sort as Sort) : 'state' };
}

export function list(fleet: readonly FleetVm[], { q, state, sort }: Listing): FleetVm[] {
  const wanted = q.trim().toLowerCase();
  return fleet
    .filter((vm) => (state === '' || vm.state === state) && (wanted === '' || textOf(vm).includes(wanted)))
    .sort((a, b) => ORDERS[sort](a, b) || byName(a, b));
}

export function countStates(fleet: readonly FleetVm[]): Record<VmState, number> {
  const counts = Object.fromEntries(VM_STATES.map((state) => [state, 0])) as Record<VmState, number>;
  for (const { state } of fleet) counts[state] += 1;
  return counts;
}

function textOf({ vm, uuid, host, alert }: FleetVm): string {
  return `${vm}\n${uuid}\n${host.name}\n${host.id}\n${alert?.cause.code ?? ''}\n${alert?.cause.summary ?? ''}`.toLowerCase();
}

type Order = (a: FleetVm, b: FleetVm) => number;

const NAMES = new Intl.Collator('en', { numeric: true });
const byName: Order = (a, b) => NAMES.compare(a.vm, b.vm) || NAMES.compare(a.host.name, b.host.name);
const punted = ({ modes, seconds }: FleetVm): number =>
  (modes.find(({ mode }) => mode === 'userspace')?.calls ?? 0) / Math.max(1, seconds);

const ORDERS: Readonly<Record<Sort, Order>> = {
  state: (a, b) => VM_STATES.indexOf(a.state) - VM_STATES.indexOf(b.state) || punted(b) - punted(a),
  vm: byName,
  host: (a, b) => NAMES.compare(a.host.name, b.host.name),
  rate: (a, b) => b.callsPerSecond - a.callsPerSecond,
  userspace: (a, b) => punted(b) - punted(a),
  alert: (a, b) => (b.alert?.firedAt ?? '').localeCompare(a.alert?.firedAt ?? ''),
};
