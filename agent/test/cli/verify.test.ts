import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyTree } from '../copy-tree.js';
import { run } from './surroundings.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tcewatch-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('verify', () => {
  it('says what is missing on a host without tracefs', async () => {
    await copyTree(join(await unpack('vfio-7.2'), 'root-stopped/proc'), join(root, 'proc'));
    const { status, stderr } = await run(['verify', '--root', root]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/there is no tracefs in .*mount -t tracefs/);
  });

  it('says what is missing where KVM HV is not loaded, and leaves nothing behind', async () => {
    await copyTree(join(await unpack('vfio-7.2'), 'root-stopped/proc'), join(root, 'proc'));
    const instances = join(root, 'sys/kernel/tracing/instances');
    await mkdir(instances, { recursive: true });
    const { status, stderr } = await run(['verify', '--root', root]);
    expect(status).toBe(1);
    expect(stderr).toContain('modprobe kvm_hv');
    expect(await readdir(instances)).toEqual([]);
  });

  it('refuses a time that is none', async () => {
    const { status, stderr } = await run(['verify', '--seconds', 'ten']);
    expect(status).toBe(1);
    expect(stderr).toContain('give a number of seconds');
  });
});
