import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import type { Diagnosis } from '../../src/doctor/diagnose.js';
import { run } from './surroundings.js';

const healthy = join(await unpack('vfio-7.2'), 'root-both-accelerated');
const fallback = join(await unpack('fallback-6.1'), 'root-fallback');

describe('doctor', () => {
  it('has one screen for people and ends with 0 where nothing is in the way', async () => {
    const { status, stdout, stderr } = await run(['doctor', '--root', healthy]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ok +vfa: TCE tables in the kernel +2 and VFIO groups 1$/m);
    expect(stdout).toMatch(/^radix +absent +exact +exact$/m);
    expect(stdout).toContain('Nothing is in the way.\n');
    expect(stdout.split('\n').length).toBeLessThan(50);
  });

  it('ends with 1 where something is, and says what to do', async () => {
    const { status, stdout, stderr } = await run(['doctor', '--root', fallback]);
    expect([status, stderr]).toEqual([1, 'something is in the way; see above\n']);
    expect(stdout).toMatch(/^What to do\n.*^- l2f: QEMU's log says why/ms);
  });

  it('ends with 2 where nothing can be observed', async () => {
    expect(await run(['doctor', '--root', join(healthy, 'etc')])).toMatchObject({ status: 2 });
  });

  it('tells programs the same', async () => {
    const { status, stdout } = await run(['doctor', '--json', '--root', fallback]);
    const { observable, findings, host } = JSON.parse(stdout) as Diagnosis;
    expect([status, observable, host.kernel]).toEqual([1, 'partly', '6.1.0-50-powerpc64le']);
    expect(findings.filter(({ verdict }) => verdict === 'missing').map(({ id, subject }) => [id, subject])).toEqual([
      ['tce-vfio', undefined],
      ['vm-tables', 'l2f'],
      ['vm-memlock', 'l2f'],
    ]);
  });
});
