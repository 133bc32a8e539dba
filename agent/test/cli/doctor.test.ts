import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import type { Diagnosis } from '../../src/doctor/diagnose.js';
import { copyTree } from '../copy-tree.js';
import { run } from './surroundings.js';

/** Bytes that are no UTF-8 and no end of line, and control characters that a terminal obeys. */
const GARBAGE = Buffer.from([0x1b, 0x5b, 0x32, 0x4a, 0xff, 0xfe, 0x00, 0x80, 0x3a, 0x20, 0x2d, 0x31]);
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

  it('judges a host on which every file is garbage, and shows none of it', async () => {
    const root = await mkdtemp(join(tmpdir(), 'tcewatch-doctor-'));
    try {
      await copyTree(healthy, root);
      for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) await writeFile(join(entry.parentPath, entry.name), GARBAGE);
      }
      const { status, stdout } = await run(['doctor', '--root', root]);
      expect(status).toBe(2);
      expect(stdout).toContain('run this on a POWER host');
      // With a processor of the right kind, every other check is made.
      await writeFile(join(root, 'proc/cpuinfo'), 'cpu\t\t: POWER9\n');
      const power = await run(['doctor', '--root', root]);
      expect(power.status).toBe(2);
      for (const text of [stdout, power.stdout]) expect(text).not.toContain('\u001b');
    } finally {
      await rm(root, { recursive: true });
    }
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
