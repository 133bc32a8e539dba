import type { ModeEvidence } from '@tcewatch/protocol';
import { HPT, PR, RADIX } from '@tcewatch/testing/batches';
import { describe, expect, it } from 'vitest';
import { CAUSES, explain, isSharper } from '../../../src/alerts/causes/index.js';
import { REMOVALS, known, seen } from './known.js';
import type { TestKnown } from './known.js';

const EL7 = '3.10.0-1160.el7.ppc64le';
const EL8 = '4.18.0-394.el8.ppc64le';
/** As of Red Hat 7: no hypercall has a virtual mode. */
const NO_VIRTUAL: ModeEvidence[] = [
  ...HPT.filter(({ mode }) => mode !== 'virtual'),
  { mode: 'virtual', evidence: 'absent', reason: 'no-virtual-mode-handler' },
];
const nested = (kernel: string) => ({ kernel, platform: 'pSeries' });

const MULTI_TCE = { H_PUT_TCE: [0, 400], H_PUT_TCE_INDIRECT: [500, 500], H_STUFF_TCE: [600, 600] } as const;
const MAPS = { H_PUT_TCE: [30, 200], H_PUT_TCE_INDIRECT: [800, 900], H_STUFF_TCE: [0, 1000] } as const;
/** One LIOBN in userspace, and another of which no hypercall is. */
const ONE_LIOBN = {
  calls: { H_PUT_TCE: [0, 100], H_PUT_TCE_INDIRECT: [500, 600], H_STUFF_TCE: [500, 650] },
  liobns: { '80000000': [1000, 1000] },
} satisfies TestKnown;

const CASES: [code: string, what: string, test: TestKnown][] = [
  ['kernel-too-old', 'VFIO on Red Hat 7', { host: { kernel: EL7 }, after: seen(1, [3]) }],
  ['kernel-too-old', 'VFIO on 4.9', { host: { kernel: '4.9.45' }, after: seen(0, [3]) }],
  ['unknown', 'VFIO on 4.12', { host: { kernel: '4.12.14-150100.197' }, after: seen(1, [3]) }],
  ['unknown', 'VFIO on a kernel without a version', { host: { kernel: 'mainline' }, after: seen(1, [3]) }],
  ['unknown', 'Red Hat 7 without VFIO', { host: { kernel: EL7 }, after: seen(1) }],
  ['unknown', 'Red Hat 7, descriptors not read', { host: { kernel: EL7 } }],

  ['nested-host', 'VFIO in a guest on 6.1', { host: nested('6.1.0-50-powerpc64le'), after: seen(1, [2]) }],
  ['nested-host', 'VFIO in a guest on Red Hat 8', { host: nested(EL8), after: seen(1, [2]) }],
  ['nested-host', 'the same after a hot-plug', { host: nested('6.1.0'), before: seen(2), after: seen(1, [2]) }],
  ['unknown', 'VFIO in a guest on 6.12', { host: nested('6.12.107'), after: seen(1, [2]) }],
  ['unknown', 'VFIO in a guest on 4.19, not verified', { host: nested('4.19.152'), after: seen(1, [2]) }],
  ['unknown', 'VFIO on bare metal with 6.1', { host: { kernel: '6.1.0' }, after: seen(1, [2]) }],
  ['unknown', 'VFIO on 6.1, platform not known', { host: { kernel: '6.1.0', platform: '' }, after: seen(1, [2]) }],

  ['table-left-kernel-vfio', 'a group came', { before: seen(2), after: seen(1, [2]) }],
  [
    'table-left-kernel-vfio',
    'another group came, the last table went',
    { before: seen(1, [1]), after: seen(0, [1, 2]) },
  ],
  ['table-left-kernel', 'the groups stayed', { before: seen(2, [1]), after: seen(1, [1]) }],
  ['table-left-kernel', 'the last table went', { before: seen(2), after: seen(0) }],
  ['unknown', 'a table came with a group', { before: seen(1), after: seen(2, [2]) }],
  ['unknown', 'the descriptors cannot be read any more', { before: seen(2) }],

  ['memlock-limit', '64 KiB', { after: seen(0), facts: { memlockBytes: 65_536n } }],
  ['memlock-limit', 'just what the entries take', { after: seen(0), facts: { memlockBytes: 2n << 20n } }],
  ['no-in-kernel-table', '8 MiB, as kernels allow', { after: seen(0), facts: { memlockBytes: 8n << 20n } }],
  ['no-in-kernel-table', 'no limit', { after: seen(0), facts: { memlockBytes: (1n << 64n) - 1n } }],
  ['no-in-kernel-table', 'the limit not known', { after: seen(0, [1]), never: true }],
  ['no-in-kernel-table', 'before as after', { before: seen(0), after: seen(0) }],
  ['unknown', '64 KiB, and a table', { after: seen(1), facts: { memlockBytes: 65_536n } }],
  ['unknown', '64 KiB, descriptors not read', { facts: { memlockBytes: 65_536n } }],

  ['kvm-pr', 'the flavour is known', { evidence: PR, after: seen(2) }],
  ['no-in-kernel-table', 'on KVM PR too', { evidence: PR, after: seen(0) }],
  ['kvm-pr', 'whose counts are of all hypercalls', { evidence: PR, after: seen(2), calls: MULTI_TCE }],

  ['dynamic-window', 'on 4.4', { host: { kernel: '4.4.60' }, liobns: { '80000101': [500, 500] } }],
  ['unknown', 'the default window on 4.4', { host: { kernel: '4.4.60' }, liobns: { '80000100': [500, 500] } }],
  ['unknown', 'a VIO device on 4.4', { host: { kernel: '4.4.60' }, liobns: { '71000002': [500, 500] } }],
  ['unknown', 'a dynamic window on 4.9', { host: { kernel: '4.9.45' }, liobns: { '80000101': [500, 500] } }],

  ['no-virtual-mode-handler', 'Red Hat 7', { host: { kernel: EL7 }, evidence: NO_VIRTUAL, after: seen(1) }],
  ['unknown', 'of other hypercalls', { evidence: RADIX, calls: { H_GET_TCE: [500, 500] }, after: seen(1) }],

  ['liobn-without-table', 'one of two', { ...ONE_LIOBN, after: seen(1) }],
  ['unknown', 'one of two, no look at the descriptors', ONE_LIOBN],
  ['unknown', 'the LIOBNs of punts not known', { ...ONE_LIOBN, liobns: {}, after: seen(1) }],
  ['unknown', 'half of a LIOBN', { ...ONE_LIOBN, liobns: { '80000000': [1000, 1350] }, after: seen(1) }],
  ['liobn-without-table', 'and another in part', { ...ONE_LIOBN, liobns: { '80000000': [500, 500] }, after: seen(1) }],
  [
    'unknown',
    'all of them',
    { calls: { H_PUT_TCE: [980, 1000] }, liobns: { '80000000': [980, 1000] }, after: seen(1) },
  ],
  [
    'multi-tce-not-enabled',
    'a LIOBN that has no others',
    { calls: MULTI_TCE, liobns: { '80000000': [900, 900] }, after: seen(2) },
  ],
  ['unknown', 'calls that real mode may hide', { ...ONE_LIOBN, evidence: HPT, after: seen(1) }],
  ['unknown', 'no evidence of any mode', { ...ONE_LIOBN, evidence: [], after: seen(1) }],

  ['multi-tce-not-enabled', 'both, and no H_PUT_TCE', { calls: MULTI_TCE, after: seen(2) }],
  ['unknown', 'H_PUT_TCE not called', { calls: { ...MULTI_TCE, H_PUT_TCE: [0, 0] }, after: seen(2) }],
  ['unknown', 'H_STUFF_TCE not called', { calls: { ...MULTI_TCE, H_STUFF_TCE: [0, 0] }, after: seen(2) }],
  ['unknown', 'some are handled', { calls: { ...MULTI_TCE, H_STUFF_TCE: [600, 700] }, after: seen(2) }],
  ['unknown', 'H_PUT_TCE punted as well', { calls: { ...MULTI_TCE, H_PUT_TCE: [300, 400] }, after: seen(2) }],
  ['unknown', 'calls that real mode may hide', { calls: MULTI_TCE, evidence: HPT, after: seen(2) }],

  ['memory-not-preregistered', 'maps alone, with VFIO', { calls: MAPS, after: seen(2, [1]) }],
  ['maps-refused', 'maps alone, without VFIO', { calls: MAPS, after: seen(2) }],
  ['unknown', 'unmaps not seen', { calls: { ...MAPS, H_STUFF_TCE: [0, 0] }, after: seen(2, [1]) }],
  ['unknown', 'unmaps as well', { calls: { ...MAPS, H_STUFF_TCE: [400, 1000] }, after: seen(2, [1]) }],
  ['unknown', 'maps alone, descriptors not read', { calls: MAPS }],

  ['unknown', 'tables as before', { before: seen(2), after: seen(2) }],
  ['unknown', 'nothing', { calls: {}, evidence: [], host: { kernel: '', cpu: '', platform: '' } }],
];

describe('explain', () => {
  it.each(CASES)('is %s: %s', (code, _, test) => {
    expect(explain(known(test)).cause.code).toBe(code);
  });

  it('has a case for every cause', () => {
    const codes = new Set(CASES.map(([code]) => code));
    expect(CAUSES.TceAccelerationLost.map(({ code }) => code).filter((code) => !codes.has(code))).toEqual([]);
  });

  it.each(CASES)('%s becomes none that tells more when less is known: %s', (code, _, test) => {
    for (const [what, without] of Object.entries(REMOVALS)) {
      expect(isSharper(explain(without(known(test))).cause.code, code), `without ${what}`).toBe(false);
    }
  });

  it('tells what it knows in sentences, those that the cause rests on first', () => {
    const test = { ...ONE_LIOBN, before: seen(2, [], 60), after: seen(1, [2], 100), facts: { memlockBytes: 65_536n } };
    expect(explain(known(test)).facts).toEqual([
      'QEMU holds 1 TCE table in the kernel (2026-11-22T12:01:40.000Z); at 2026-11-22T12:01:00.000Z it held 2.',
      'QEMU holds VFIO group 2; it did not hold group 2 at 2026-11-22T12:01:00.000Z.',
      'By LIOBN, to userspace went 1,000 of 1,000 calls on 0x80000000.',
      'The host runs Linux 6.12.107 (POWER9, altivec supported; PowerNV).',
      'To userspace went 0 of 100 H_PUT_TCE, 500 of 600 H_PUT_TCE_INDIRECT and 500 of 650 H_STUFF_TCE.',
      'In 20 s, 1,000 of 1,350 TCE hypercalls that entered the kernel went on to userspace.',
    ]);
  });

  it('tells of a limit of locked memory where there is no table', () => {
    const { facts } = explain(known({ after: seen(0), facts: { memlockBytes: 65_536n }, never: true, evidence: HPT }));
    expect(facts).toContain('QEMU may lock 64 KiB of memory; the table of one default DMA window takes 2,048 KiB.');
    expect(facts).toContain('No call of this VM was seen to be handled in the kernel.');
    expect(facts).toContain('Calls of H_PUT_TCE that real mode completed cannot be seen here.');
  });

  it('tells of some LIOBNs one by one, and how many more there are', () => {
    const liobns = Object.fromEntries([1, 2, 3, 4, 5, 6].map((i) => [`8000000${i}`, [10, 10] as const]));
    expect(explain(known({ liobns })).facts.join()).toContain('0x80000004 and those on 2 more.');
  });
});

describe('isSharper', () => {
  it('takes every cause for sharper than those below it', () => {
    const codes = CAUSES.TceAccelerationLost.map(({ code }) => code);
    codes.forEach((code, i) => {
      codes.forEach((than, j) => {
        expect(isSharper(code, than), `${code} than ${than}`).toBe(i < j);
      });
    });
  });

  it('takes a code that no table has for as little telling as the last', () => {
    expect(isSharper('retired', 'unknown')).toBe(false);
    expect(isSharper('unknown', 'retired')).toBe(false);
    expect(isSharper('no-in-kernel-table', 'retired')).toBe(true);
  });
});
