import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../../src/doctor/inspect.js';
import { copyTree } from '../copy-tree.js';
import { accelerated, refused } from './inspected.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tcewatch-doctor-'));
  await copyTree(join(await unpack('vfio-7.2'), 'root-hot-plugged'), root);
});
afterAll(() => rm(root, { recursive: true }));

async function put(path: string, content: string): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), content);
}

describe('an inspection', () => {
  it('sees of a recorded host what was recorded', () => {
    expect(accelerated).toMatchObject({
      power: true,
      tceHandlers: true,
      firstPidNamespace: undefined,
      self: undefined,
      tracefs: 'there',
      events: { enter: 'there', exit: 'there', userspaceExit: 'there', guestEntry: 'absent' },
      histTriggers: undefined,
      debugfs: 'there',
      vmProblems: [],
    });
    expect(accelerated.modules?.has('kvm_hv')).toBe(true);
    expect(refused.vms?.map(({ name }) => name)).toEqual(['l2a', 'l2f']);
  });

  it('tells by a trigger file whether the kernel has hist triggers', async () => {
    const trigger = 'sys/kernel/tracing/events/kvm_hv/kvm_hcall_enter/trigger';
    const listed = '# Available triggers:\n# traceon traceoff stacktrace enable_event disable_event';
    await put(trigger, `${listed} enable_hist disable_hist hist\n`);
    expect((await inspect(root)).histTriggers).toBe(true);
    await put(trigger, `${listed}\n`);
    expect((await inspect(root)).histTriggers).toBe(false);
    await put(trigger, 'hist:keys=common_pid:vals=hitcount:sort=hitcount:size=2048 [active]\n');
    expect((await inspect(root)).histTriggers).toBe(true);
    await rm(join(root, trigger));
  });

  it("tells it by the kernel's configuration where there is no trigger file", async () => {
    await put('boot/config-7.2.13+deb14-powerpc64le-64k', '# CONFIG_HIST_TRIGGERS is not set\n');
    expect((await inspect(root)).histTriggers).toBe(false);
  });

  it('tells whether the kernel can pair calls', async () => {
    expect((await inspect(root)).syntheticEvents).toBe('absent');
    await put('sys/kernel/tracing/synthetic_events', '');
    expect((await inspect(root)).syntheticEvents).toBe('there');
  });

  it('tells a container by process 2, or by the namespace of process 1', async () => {
    await put('proc/2/comm', 'bash\n');
    expect((await inspect(root)).firstPidNamespace).toBe(false);
    await put('proc/2/comm', 'kthreadd\n');
    expect((await inspect(root)).firstPidNamespace).toBe(true);
    await mkdir(join(root, 'proc/1/ns'));
    await symlink('pid:[4026532508]', join(root, 'proc/1/ns/pid'));
    expect((await inspect(root)).firstPidNamespace).toBe(false);
  });

  it('reads the privileges of this process', async () => {
    await put('proc/self/status', 'Name:\tnode\nUid:\t1000\t990\t1000\t1000\nCapEff:\t0000000000080002\n');
    expect((await inspect(root)).self).toEqual({ uid: 990, capabilities: 0x80002n });
  });

  it('reads the lockdown mode that is in force', async () => {
    await put('sys/kernel/security/lockdown', 'none integrity [confidentiality]\n');
    expect((await inspect(root)).lockdown).toBe('confidentiality');
  });

  it('finds nothing below an empty directory', async () => {
    const nothing = await inspect(join(root, 'nowhere'));
    expect(nothing).toMatchObject({ power: undefined, tracefs: 'absent', debugfs: 'absent', vms: undefined });
  });
});
