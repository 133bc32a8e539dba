/** What holds of causes whatever is known. */
import { EVIDENCE, HYPERCALL_NAMES, MODES } from '@tcewatch/protocol';
import type { ModeEvidence } from '@tcewatch/protocol';
import { HPT, RADIX } from '@tcewatch/testing/batches';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CAUSES, explain, isSharper } from '../../../src/alerts/causes/index.js';
import type { FallbackEvidence } from '../../../src/alerts/causes/index.js';
import type { CallCounts, SeenDescriptors } from '../../../src/alerts/event.js';
import { REMOVALS, known as knownOf } from './known.js';

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const counts: fc.Arbitrary<CallCounts> = fc.oneof(
  fc.tuple(fc.nat(2000), fc.nat(2000)).map(([handled, punted]) => ({ entered: handled + punted, punted })),
  fc.nat(2000).map((entered) => ({ entered, punted: entered })),
  fc.nat(2000).map((entered) => ({ entered, punted: 0 })),
);
const descriptors: fc.Arbitrary<SeenDescriptors | null> = fc.option(
  fc.record({ tceTables: fc.nat(3), vfioGroups: fc.uniqueArray(fc.nat(3)), observedAtNs: u64 }),
);
const anyEvidence: fc.Arbitrary<ModeEvidence[]> = fc.array(
  fc.record({
    mode: fc.constantFrom(...MODES),
    evidence: fc.constantFrom(...EVIDENCE),
    reason: fc.constantFrom('', 'kvm-pr', 'no-virtual-mode-handler', 'mmu-unknown'),
  }),
);
const KERNELS = [
  '',
  'mainline',
  '3.10.0-1160.el7.ppc64le',
  '4.4.60',
  '4.9.45',
  '4.18.0-394.el8.ppc64le',
  '6.1.0',
  '7.2.13',
];
const LIOBNS = ['71000002', '80000000', '80000001', '80000101', 'ffffffffffffffff', '0', 'not a number', ''];

/** `whole`: what every call adds up to, or any numbers. */
function anyKnown(whole: (listed: readonly CallCounts[]) => fc.Arbitrary<CallCounts>): fc.Arbitrary<FallbackEvidence> {
  return fc
    .record({
      kernel: fc.oneof(fc.constantFrom(...KERNELS), fc.string()),
      platform: fc.constantFrom('PowerNV', 'pSeries', ''),
      evidence: fc.oneof(fc.constantFrom(RADIX, HPT), anyEvidence),
      memlockBytes: fc.option(fc.oneof(u64, fc.constant(65_536n)), { nil: undefined }),
      hypercalls: fc.dictionary(fc.constantFrom(...HYPERCALL_NAMES), counts),
      liobns: fc.uniqueArray(fc.record({ liobn: fc.constantFrom(...LIOBNS), of: counts }), {
        selector: ({ liobn }) => liobn,
      }),
      seconds: fc.double(),
      before: descriptors,
      after: descriptors,
      never: fc.boolean(),
    })
    .chain(({ kernel, platform, evidence, memlockBytes, hypercalls, liobns, seconds, ...others }) => {
      const facts = memlockBytes === undefined ? {} : { facts: { memlockBytes } };
      const known = knownOf({ host: { kernel, platform }, evidence, ...others, ...facts });
      const listed = liobns.map(({ liobn, of }) => ({ liobn, ...of }));
      return whole(listed).map((sums) => ({ ...known, calls: { ...sums, seconds, hypercalls, liobns: listed } }));
    });
}

const anyNumbers = (): fc.Arbitrary<CallCounts> => fc.record({ entered: fc.double(), punted: fc.double() });
const sums = (listed: readonly CallCounts[]): fc.Arbitrary<CallCounts> =>
  counts.map((others) =>
    listed.reduce(
      (all, { entered, punted }) => ({ entered: all.entered + entered, punted: all.punted + punted }),
      others,
    ),
  );

it('gives a cause and sentences of anything that is known', () => {
  const causes = CAUSES.TceAccelerationLost.map(({ code, confidence, summary, advice }) => ({
    code,
    confidence,
    summary,
    advice,
  }));
  fc.assert(
    fc.property(fc.oneof(anyKnown(anyNumbers), anyKnown(sums)), (known) => {
      const { cause, facts } = explain(known);
      expect(causes).toContainEqual(cause);
      expect(facts.length).toBeGreaterThan(0);
      for (const fact of facts) expect(fact).toMatch(/^[A-Z].*\.$/s);
    }),
    { numRuns: 300 },
  );
});

it.each(Object.keys(REMOVALS))('never tells more when it knows less: %s', (what) => {
  fc.assert(
    fc.property(anyKnown(sums), (known) => {
      const less = REMOVALS[what]!(known);
      expect(isSharper(explain(less).cause.code, explain(known).cause.code)).toBe(false);
    }),
    { numRuns: 300 },
  );
});
