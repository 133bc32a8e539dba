import { HYPERCALL_NAMES, deriveModes, evidenceFor } from '@tcewatch/protocol';
import type { Hypercall, Mmu, Mode } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import { evidenceOf } from '../../src/evidence/evidence.js';
import type { HostTraits } from '../../src/evidence/evidence.js';

const power8: HostTraits = {
  kernel: '5.10.223',
  cpu: 'POWER8E (raw), altivec supported',
  platform: 'PowerNV',
  realModeHandlers: true,
};
const power9: HostTraits = { ...power8, cpu: 'POWER9, altivec supported' };
const nested: HostTraits = { ...power9, cpu: 'POWER9 (architected), altivec supported', platform: 'pSeries' };

/** `absent radix-virtual-only` for one mode and hypercall. */
function said(host: HostTraits, mmu: Mmu | undefined, mode: Mode, hypercall: Hypercall, kvmPr = false): string {
  const { evidence, reason } = evidenceFor(evidenceOf(host, { mmu, kvmPr }), mode, hypercall);
  return `${evidence} ${reason}`.trim();
}

/** Lists the evidence for the four hypercalls, in the vocabulary's order, or once if it is the same. */
function saidOfAll(host: HostTraits, mmu: Mmu | undefined, mode: Mode): string[] {
  return [...new Set(HYPERCALL_NAMES.map((hypercall) => said(host, mmu, mode, hypercall)))];
}

describe('evidence for real mode', () => {
  it.each<[string, HostTraits, Mmu | undefined, string[]]>([
    [
      'the recording vfio-7.2',
      { ...nested, kernel: '7.2.13+deb14-powerpc64le-64k', realModeHandlers: false },
      'radix',
      ['absent real-mode-retired'],
    ],
    [
      'the recording fallback-6.1',
      { ...nested, kernel: '6.1.0-50-powerpc64le', realModeHandlers: false },
      'radix',
      ['absent real-mode-retired'],
    ],
    [
      '6.1 whose symbols cannot be read',
      { ...power8, kernel: '6.1.0', realModeHandlers: undefined },
      'hpt',
      ['absent real-mode-retired'],
    ],
    [
      '5.18, HPT, by its symbols',
      { ...power8, kernel: '5.18.2', realModeHandlers: false },
      'hpt',
      ['absent real-mode-retired'],
    ],
    [
      '5.18 whose symbols cannot be read',
      { ...power8, kernel: '5.18.2', realModeHandlers: undefined },
      'hpt',
      ['unobservable kernel-unverified'],
    ],
    [
      '5.17 on POWER8',
      { ...power8, kernel: '5.17.1', realModeHandlers: undefined },
      'hpt',
      ['unobservable real-mode-invisible'],
    ],
    ['5.14 on POWER9, HPT', { ...power9, kernel: '5.14.2' }, 'hpt', ['absent power9-virtual-only']],
    [
      '5.18 on POWER10, any guest',
      { ...power9, cpu: 'POWER10', kernel: '5.18.0', realModeHandlers: undefined },
      undefined,
      ['absent power9-virtual-only'],
    ],
    ['5.10 on POWER9, HPT', power9, 'hpt', ['unobservable real-mode-invisible']],
    ['5.10 on POWER9, radix', power9, 'radix', ['unobservable get-tce-invisible', 'absent radix-virtual-only']],
    [
      '5.10 on POWER9, MMU not known',
      power9,
      undefined,
      ['unobservable real-mode-invisible', 'unobservable mmu-unknown'],
    ],
    ['5.10 in a guest that is a host', nested, 'radix', ['absent nested-virtual-only']],
    ['5.10 on a processor not known', { ...power8, cpu: 'PPC970MP' }, undefined, ['unobservable cpu-unknown']],
    [
      '4.12 on POWER9: not verified',
      { ...power9, kernel: '4.12.14-150100.197' },
      'radix',
      ['unobservable kernel-unverified'],
    ],
    [
      'Red Hat 8 on POWER9, radix',
      { ...power9, kernel: '4.18.0-394.el8.ppc64le' },
      'radix',
      ['unobservable get-tce-invisible', 'absent radix-virtual-only'],
    ],
    [
      'Red Hat 7 for POWER9, HPT',
      { ...power9, kernel: '4.14.0-115.el7a.ppc64le' },
      'hpt',
      ['unobservable real-mode-invisible'],
    ],
    [
      'Red Hat 7 on POWER8',
      { ...power8, kernel: '3.10.0-1160.el7.ppc64le', realModeHandlers: false },
      'hpt',
      ['unobservable real-mode-invisible', 'absent no-real-mode-handler'],
    ],
    [
      '4.4 on POWER8',
      { ...power8, kernel: '4.4.60' },
      'hpt',
      ['unobservable real-mode-invisible', 'absent no-real-mode-handler'],
    ],
    ['4.9 on POWER8', { ...power8, kernel: '4.9.45' }, 'hpt', ['unobservable real-mode-invisible']],
    ['a kernel without a version', { ...power9, kernel: 'mainline' }, 'radix', ['unobservable kernel-unverified']],
  ])('on %s', (_, host, mmu, expected) => {
    expect(saidOfAll(host, mmu, 'real')).toEqual(expected);
  });
});

describe('evidence for virtual mode', () => {
  it.each<[string, Hypercall, string]>([
    ['7.2.13', 'H_GET_TCE', 'exact'],
    ['5.4.286', 'H_GET_TCE', 'exact'],
    ['4.18.0-394.el8.ppc64le', 'H_GET_TCE', 'exact'],
    ['4.19.152', 'H_GET_TCE', 'absent no-virtual-mode-handler'],
    ['4.19.152', 'H_PUT_TCE', 'exact'],
    ['4.4.60', 'H_PUT_TCE', 'absent no-virtual-mode-handler'],
    ['3.10.0-1160.el7.ppc64le', 'H_STUFF_TCE', 'absent no-virtual-mode-handler'],
  ])('on %s for %s', (kernel, hypercall, expected) => {
    expect(said({ ...power8, kernel }, 'hpt', 'virtual', hypercall)).toBe(expected);
  });
});

it('is exact for userspace wherever KVM HV counts', () => {
  for (const host of [power8, power9, nested]) expect(saidOfAll(host, undefined, 'userspace')).toEqual(['exact']);
});

it('says of KVM PR that its hypercalls cannot be seen', () => {
  expect(said(power9, 'hpt', 'userspace', 'H_PUT_TCE', true)).toBe('unobservable kvm-pr');
});

it('never lets the figure of a healthy HPT guest on 5.10 read as all in userspace', () => {
  const seen = { entered: 10, punted: 10 };
  const real = deriveModes('H_PUT_TCE', seen, evidenceOf(power9, { mmu: 'hpt', kvmPr: false }));
  expect(real.find(({ mode }) => mode === 'real')).toMatchObject({ calls: null, evidence: 'unobservable' });
});
