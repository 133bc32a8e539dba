/** Which sources can count on a host, by the checks that each of them needs. */
import { worst } from './check.js';
import type { Check, Finding, Verdict } from './check.js';
import { pidNamespace, proc } from './checks/access.js';
import { kvm, lockdown } from './checks/kernel.js';
import { guestEvents, histTriggers, syntheticEvents, tracefs, userspaceExit } from './checks/tracing.js';
import type { Inspection } from './inspect.js';

interface SourceRow {
  name: string;
  gives: string;
  needs: readonly Check[];
}

/** The best first. */
const SOURCES: readonly SourceRow[] = [
  {
    name: 'hist',
    gives: 'exact counts, kept by the kernel',
    needs: [proc, tracefs, lockdown, kvm, histTriggers, pidNamespace],
  },
  {
    name: 'hist --detail',
    gives: 'the same, with the LIOBN of each punt and latency',
    needs: [proc, tracefs, lockdown, kvm, histTriggers, syntheticEvents, pidNamespace],
  },
  {
    name: 'userspace-exit',
    gives: 'an upper bound of what goes to userspace; for KVM PR',
    needs: [proc, tracefs, lockdown, histTriggers, userspaceExit, pidNamespace],
  },
  {
    name: 'guest',
    gives: 'what this machine issues itself, as a guest',
    needs: [proc, lockdown, guestEvents],
  },
];

export interface SourceState {
  name: string;
  gives: string;
  usable: Verdict;
  /** What is in the way of it, or cannot be told. */
  because: (Finding & { id: string })[];
}

export function sourceStates(seen: Inspection): SourceState[] {
  return SOURCES.map(({ name, gives, needs }) => {
    const because = needs
      .flatMap((check) => check.look(seen).map((finding) => ({ id: check.id, ...finding })))
      .filter(({ verdict }) => verdict !== 'ok');
    return { name, gives, usable: worst(because.map(({ verdict }) => verdict)), because };
  });
}
