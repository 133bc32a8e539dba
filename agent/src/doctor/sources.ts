/** Sources that can count on a host, by the checks that each of them needs. */
import { worst } from './check.js';
import type { Check, Finding, Verdict } from './check.js';
import { pidNamespace, proc } from './checks/access.js';
import { kvm, lockdown } from './checks/kernel.js';
import { guestEvents, histTriggers, syntheticEvents, tracefs, userspaceExit } from './checks/tracing.js';
import type { Inspection } from './inspect.js';
import type { Requirement } from '../sources/entry.js';
import { SOURCES } from '../sources/registry.js';

/** The check that answers for each requirement. */
const CHECK_OF: Readonly<Record<Requirement, Check>> = {
  proc,
  tracefs,
  lockdown,
  'kvm-hv': kvm,
  'hist-triggers': histTriggers,
  'synthetic-events': syntheticEvents,
  'pid-namespace': pidNamespace,
  'userspace-exit-event': userspaceExit,
  'guest-events': guestEvents,
};

export interface SourceState {
  name: string;
  gives: string;
  usable: Verdict;
  /** Findings that are in the way of the source, or cannot be told. */
  because: (Finding & { id: string })[];
}

export function sourceStates(seen: Inspection): SourceState[] {
  const rows = Object.values(SOURCES).flatMap(({ doctor }) => doctor);
  return rows.map(({ name, gives, needs }) => {
    const because = needs
      .flatMap((need) => CHECK_OF[need].inspect(seen).map((finding) => ({ id: need, ...finding })))
      .filter(({ verdict }) => verdict !== 'ok');
    return { name, gives, usable: worst(because.map(({ verdict }) => verdict)), because };
  });
}
