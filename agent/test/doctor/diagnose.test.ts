import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/doctor/diagnose.js';
import { accelerated, found, foundWith, refused } from './inspected.js';

const CAPS_NONE = { capabilities: 0n, uid: 0 };

describe('of recorded hosts', () => {
  it('finds nothing in the way where all VMs are accelerated', () => {
    const diagnosis = diagnose(accelerated);
    expect(diagnosis.observable).toBe('all');
    expect(found(diagnosis, 'vm-tables')).toEqual(['vfa: ok', 'hot: ok']);
    expect(found(diagnosis, 'vm-modes')).toEqual(['vfa: ok', 'hot: ok']);
    expect(diagnosis.findings.filter(({ verdict }) => verdict === 'missing')).toEqual([]);
  });

  it('finds the VM whose tables the kernel refused, and its limit of locked memory', () => {
    const diagnosis = diagnose(refused);
    expect(diagnosis.observable).toBe('partly');
    expect(found(diagnosis, 'vm-tables')).toEqual([
      'l2a: ok',
      'l2f: missing: none: every TCE hypercall goes to userspace',
    ]);
    expect(found(diagnosis, 'vm-memlock')).toEqual([
      'l2a: ok',
      'l2f: missing: 8,192 KiB: the kernel may refuse TCE tables beyond it',
    ]);
  });

  it('does not tell what a copy of a host cannot tell', () => {
    const { findings, sources } = diagnose(accelerated);
    expect(findings.filter(({ verdict }) => verdict === 'unknown').map(({ id }) => id)).toEqual([
      'pid-namespace',
      'capabilities',
      'hist-triggers',
    ]);
    expect(sources.map(({ name, usable }) => `${name} ${usable}`)).toEqual([
      'hist unknown',
      'hist --detail unknown',
      'userspace-exit unknown',
      'guest unknown',
    ]);
  });

  it('says whether detail is possible, which nobody needs', () => {
    const live = {
      ...accelerated,
      histTriggers: true,
      firstPidNamespace: true,
      self: { capabilities: 0x80002n, uid: 0 },
    };
    const detailOf = (host: typeof live) => {
      const { observable, sources } = diagnose(host);
      const { usable, because } = sources.find(({ name }) => name === 'hist --detail') ?? expect.fail();
      return [observable, usable, ...because.map(({ id }) => id)];
    };
    expect(detailOf({ ...live, syntheticEvents: 'there' })).toEqual(['all', 'ok']);
    expect(detailOf({ ...live, syntheticEvents: 'absent' })).toEqual(['all', 'missing', 'synthetic-events']);
  });

  it('says how figures are known for the guests that there can be', () => {
    expect(diagnose(accelerated).evidence.map(({ mmu }) => mmu)).toEqual(['radix']);
    const host = { ...accelerated.host, platform: 'PowerNV', kernel: '5.10.223', realModeHandlers: true };
    const evidence = diagnose({ ...accelerated, host }).evidence;
    expect(evidence.map(({ mmu }) => mmu)).toEqual(['radix', 'hpt']);
    expect(evidence[1]?.modes[0]).toEqual({ mode: 'real', evidence: 'unobservable', reason: 'real-mode-invisible' });
  });
});

describe('says what is missing', () => {
  it.each<[string, Parameters<typeof foundWith>[1], string, string]>([
    ['tracefs', { tracefs: 'absent' }, 'missing: not mounted', 'mount -t tracefs nodev /sys/kernel/tracing'],
    ['tracefs', { tracefs: 'denied' }, 'missing: may not be read', 'run as root, or grant CAP_DAC_OVERRIDE'],
    ['hist-triggers', { histTriggers: false }, 'missing: not in this kernel', 'CONFIG_HIST_TRIGGERS=y'],
    ['debugfs', { debugfs: 'absent' }, 'missing: no /sys/kernel/debug/kvm', 'mount -t debugfs'],
    ['debugfs', { debugfs: 'denied' }, 'missing: /sys/kernel/debug may not be read', 'CAP_DAC_READ_SEARCH'],
    ['tce-handlers', { tceHandlers: false }, 'missing: none in this kernel', 'CONFIG_SPAPR_TCE_IOMMU=y'],
    ['pid-namespace', { firstPidNamespace: false }, 'missing: /proc is that of a container', 'hostPID: true'],
    ['capabilities', { self: CAPS_NONE }, 'missing: CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE', 'AmbientCapabilities='],
    [
      'capabilities',
      { self: { capabilities: 1n << 19n, uid: 65534 } },
      'missing: CAP_DAC_OVERRIDE not',
      'CAP_DAC_OVERRIDE',
    ],
  ])('of %s: %o', (id, changes, says, fix) => {
    const finding = diagnose({ ...accelerated, ...changes }).findings.find((one) => one.id === id);
    expect(`${finding?.verdict}: ${finding?.says}`).toContain(says);
    expect(finding?.fix).toContain(fix);
  });

  it('but not of TCE handlers before the module that brings them is loaded', () => {
    const unloaded = { tceHandlers: false, modules: new Set(['ext4']) };
    const { findings } = diagnose({ ...accelerated, ...unloaded });
    expect(findings.find(({ id }) => id === 'tce-handlers')?.verdict).toBe('unknown');
  });

  it('is content with the least privileges that do', () => {
    const capabilities = (1n << 2n) | (1n << 19n);
    expect(foundWith('capabilities', { self: { capabilities, uid: 0 } })).toEqual(['ok']);
    expect(foundWith('capabilities', { self: { capabilities: 0x80002n, uid: 65534 } })).toEqual(['ok']);
  });

  it('of KVM: HV not loaded, PR instead, or loaded where tracefs hides its events', () => {
    const events = { ...accelerated.events, enter: 'absent', exit: 'absent' } as const;
    const withModules = (...names: string[]) => ({ events, modules: new Set(names) });
    expect(foundWith('kvm-hv', withModules('kvm'))).toEqual(['missing: not loaded']);
    expect(foundWith('kvm-hv', withModules('kvm', 'kvm_pr'))).toEqual([
      expect.stringMatching(/^missing: KVM PR is loaded/),
    ]);
    expect(foundWith('kvm-hv', { ...withModules('kvm_hv'), tracefs: 'denied' })).toEqual([
      'unknown: loaded; its trace events cannot be seen without tracefs',
    ]);
  });

  it('when the kernel is locked down', () => {
    expect(foundWith('lockdown', { lockdown: 'confidentiality' })).toEqual([
      'missing: confidentiality: the kernel lets nobody trace',
    ]);
    expect(foundWith('lockdown', { lockdown: 'integrity' })).toEqual(['ok']);
  });

  it.each([
    ['pSeries', '6.1.0-50-powerpc64le', 'missing'],
    ['pSeries', '6.6.3', 'unknown'],
    ['pSeries', '6.12.107', 'ok'],
    ['pSeries', '4.18.0-394.el8.ppc64le', 'missing'],
    ['PowerNV', '6.1.0', 'ok'],
    ['PowerNV', '4.14.67', 'ok'],
    ['PowerNV', '4.9.45', 'missing'],
    ['PowerNV', '3.10.0-1160.el7', 'missing'],
  ])('of acceleration with VFIO on %s with %s: %s', (platform, kernel, verdict) => {
    const host = { ...accelerated.host, platform, kernel };
    expect(foundWith('tce-vfio', { host })[0]).toMatch(new RegExp(`^${verdict}`));
  });

  it('of a VM on KVM PR, and of one whose real mode nobody can see', () => {
    const [vm] = accelerated.vms ?? [];
    const hidden = (reason: string) => ({
      vms: vm ? [{ ...vm, evidence: [{ mode: 'real' as const, evidence: 'unobservable' as const, reason }] }] : [],
    });
    const fixOf = (reason: string) =>
      diagnose({ ...accelerated, ...hidden(reason) }).findings.find(({ id }) => id === 'vm-modes')?.fix;
    expect(fixOf('kvm-pr')).toContain('kvm-type=HV');
    expect(fixOf('real-mode-invisible')).toContain('source: guest');
  });

  it('of all, where no source can count', () => {
    expect(
      diagnose({ ...accelerated, tracefs: 'absent', hcallInst: 'absent', host: { ...accelerated.host, platform: '' } })
        .observable,
    ).toBe('nothing');
    const { observable, findings } = diagnose({ ...accelerated, power: false });
    expect([observable, findings.map(({ id }) => id)]).toEqual(['nothing', ['processor']]);
  });
});
