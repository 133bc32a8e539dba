/** What is known of a VM that lost acceleration, for tests: of one of which all can be seen, and nothing tells why. */
import { deriveId } from '@tcewatch/protocol';
import type { Facts, Host, Hypercall, ModeEvidence } from '@tcewatch/protocol';
import { BOOTED_NS, RADIX, SECOND } from '@tcewatch/testing/batches';
import type { FallbackEvidence } from '../../../src/alerts/causes/index.js';
import type { CallCounts, CallEvidence, SeenDescriptors } from '../../../src/alerts/event.js';

/** [punted, entered] of each hypercall that was called. */
export type Calls = Partial<Record<Hypercall, readonly [punted: number, entered: number]>>;

export interface TestKnown {
  host?: Partial<Host>;
  facts?: Partial<Facts>;
  evidence?: ModeEvidence[];
  calls?: Calls;
  /** By LIOBN in hexadecimal: punted and entered. */
  liobns?: Record<string, readonly [punted: number, entered: number]>;
  before?: SeenDescriptors | null;
  after?: SeenDescriptors | null;
  never?: boolean;
}

/** Seen so many seconds after the host was booted. */
export function seen(tceTables: number, vfioGroups: number[] = [], uptime = 100): SeenDescriptors {
  return { tceTables, vfioGroups, observedAtNs: BOOTED_NS + BigInt(uptime) * SECOND };
}

export function known(test: TestKnown = {}): FallbackEvidence {
  const { calls = { H_PUT_TCE: [500, 1000] }, liobns = {}, before = null, after = null, never = false } = test;
  return {
    host: {
      id: 'h',
      name: 'h.example',
      kernel: '6.12.107',
      cpu: 'POWER9, altivec supported',
      platform: 'PowerNV',
      agentVersion: '0.1.0',
      source: 'hist',
      ...test.host,
    },
    vm: {
      life: deriveId('life', 'a'),
      name: 'a',
      uuid: '',
      tgid: 100,
      startedNs: SECOND,
      ended: false,
      evidence: test.evidence ?? RADIX,
      ...(test.facts && { facts: { observedNs: 100n * SECOND, ...test.facts } }),
    },
    calls: callsOf(calls, liobns),
    before,
    after,
    never,
  };
}

function callsOf(calls: Calls, liobns: NonNullable<TestKnown['liobns']>): CallEvidence {
  const counts = ([punted, entered]: readonly [number, number]): CallCounts => ({ entered, punted });
  const hypercalls = Object.fromEntries(Object.entries(calls).map(([name, pair]) => [name, counts(pair)]));
  const sum = (which: 0 | 1): number => Object.values(calls).reduce((total, pair) => total + pair[which], 0);
  return {
    punted: sum(0),
    entered: sum(1),
    seconds: 20,
    hypercalls,
    liobns: Object.entries(liobns).map(([liobn, pair]) => ({ liobn, ...counts(pair) })),
  };
}

/** Each takes some of what is known away. */
export const REMOVALS: Readonly<Record<string, (known: FallbackEvidence) => FallbackEvidence>> = {
  before: (known) => ({ ...known, before: null }),
  after: (known) => ({ ...known, after: null }),
  facts: (known) => {
    const vm = { ...known.vm };
    delete vm.facts;
    return { ...known, vm };
  },
  kernel: (known) => ({ ...known, host: { ...known.host, kernel: '' } }),
  platform: (known) => ({ ...known, host: { ...known.host, platform: '' } }),
  evidence: (known) => ({ ...known, vm: { ...known.vm, evidence: [] } }),
  hypercalls: (known) => ({ ...known, calls: { ...known.calls, hypercalls: {} } }),
  liobns: (known) => ({ ...known, calls: { ...known.calls, liobns: [] } }),
  'half of the LIOBNs': (known) => ({
    ...known,
    calls: { ...known.calls, liobns: known.calls.liobns.filter((_, i) => i % 2 === 0) },
  }),
  never: (known) => ({ ...known, never: false }),
};
