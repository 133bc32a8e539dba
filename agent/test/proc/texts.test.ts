import { describe, expect, it } from 'vitest';
import { parseCgroup } from '../../src/proc/cgroup.js';
import { parseQemu } from '../../src/proc/qemu.js';
import { secondsToNs, startedNs, uptimeNs } from '../../src/proc/stat.js';

const cmdline = (...words: string[]) => words.map((word) => `${word}\0`).join('');

describe('the command line of QEMU', () => {
  it.each([
    ['libvirt', ['-name', 'guest=db 1,debug-threads=on', '-S'], 'db 1'],
    ['a short name', ['-name', 'web'], 'web'],
    ['a name and a process', ['--name', 'web,process=q'], 'web'],
    ['the name last', ['-name', 'debug-threads=on,guest=web'], 'web'],
    ['one word', ['-name=web'], 'web'],
    ['a comma in the name', ['-name', 'guest=a,,b,debug-threads=on'], 'a,b'],
    ['an equals sign in the name', ['-name', 'guest=a=b'], 'a=b'],
    ['two names', ['-name', 'a', '-name', 'b'], 'b'],
    ['no name', ['-name'], ''],
    ['another option that holds one', ['-append', '-name x'], ''],
  ])('names the VM with %s', (_, words, name) => {
    expect(parseQemu(cmdline('/usr/bin/qemu-system-ppc64', ...words)).name).toBe(name);
  });

  it('cannot put control characters or long texts on a terminal', () => {
    expect(parseQemu(cmdline('q', '-name', 'a\u001b[2Jb\nc')).name).toBe('a\ufffd[2Jb\ufffdc');
    const { name, uuid } = parseQemu(cmdline('q', '-name', `${'x'.repeat(255)}😀`, '-uuid', 'y'.repeat(9999)));
    expect(name).toBe('x'.repeat(255));
    expect(uuid).toHaveLength(256);
  });

  it('tells the kind of KVM and the compatibility of the processor', () => {
    expect(parseQemu(cmdline('q', '-machine', 'pseries-8.0,kvm-type=PR', '-M', 'max-cpu-compat=POWER8'))).toMatchObject(
      {
        kvmType: 'PR',
        maxCpuCompat: 'power8',
      },
    );
  });
});

describe('a stat file', () => {
  it('tells the start also when the name of the program holds anything', () => {
    const rest = `S 1 0 0 0 -1 138412416 ${'0 '.repeat(12)}4463 849215488`;
    expect(startedNs(`630 (qemu-system-ppc) ${rest}`)).toBe(44_630_000_000n);
    expect(startedNs(`630 (a) S 1 ) (b (c) ${rest}\n`)).toBe(44_630_000_000n);
  });

  it.each(['', '630', '630 (x) S 1 2', `630 (x) ${'x '.repeat(30)}`])('is nothing when it is %j', (text) => {
    expect(startedNs(text)).toBeUndefined();
  });
});

it('reads seconds to the nanosecond', () => {
  expect(secondsToNs('1795348508.671894281')).toBe(1_795_348_508_671_894_281n);
  expect(uptimeNs('129.58 42.59\n')).toBe(129_580_000_000n);
  expect(secondsToNs('12')).toBe(12_000_000_000n);
  for (const bad of ['', '-1', '1e9', '1.', '.5', '1.2.3', 'x']) expect(secondsToNs(bad)).toBeUndefined();
});

describe('a cgroup', () => {
  const uid = '0f6b0c5e-9a53-4a8e-9f0a-2b8f4d1f7c11';
  it.each([
    [String.raw`0::/machine.slice/machine-qemu\x2d3\x2ddb\x2d01.scope/libvirt/emulator`, { libvirtDomain: 'db-01' }],
    ['11:cpuset:/machine/qemu-3-db-01.libvirt-qemu/emulator\n10:cpu:/\n', { libvirtDomain: 'db-01' }],
    [
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice/x`,
      { podUid: uid },
    ],
    [`9:memory:/kubepods/burstable/pod${uid}/5d3c`, { podUid: uid }],
    ['0::/user.slice/user-0.slice/session-1.scope', {}],
    ['', {}],
  ])('%s', (text, expected) => {
    expect(parseCgroup(text)).toEqual(expected);
  });
});
