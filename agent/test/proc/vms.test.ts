import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveId } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { afterEach, describe, expect, it } from 'vitest';
import type { VmSighting } from '../../src/model.js';
import { readHost } from '../../src/proc/host.js';
import { openRoot, problemsOf, text } from '../../src/proc/root-reader.js';
import { sightVms } from '../../src/proc/vms.js';
import { copyTree } from '../copy-tree.js';

const BOOT = '5e2aa261-fbd5-4f85-8d63-40ffc3ffcad6';
const BARE_POWER9 = 'processor\t: 0\ncpu\t\t: POWER9, altivec supported\n\nplatform\t: PowerNV\n';
const recorded = join(await unpack('vfio-7.2'), 'root-hot-plugged');

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A copy of the recorded host that a test may change. */
async function copied(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'tcewatch-'));
  cleanups.push(() => rm(root, { recursive: true }));
  await copyTree(recorded, root);
  return root;
}

async function sighted(root: string): Promise<{ vms: VmSighting[] | undefined; problems: string[] }> {
  const reader = openRoot(root);
  const vms = await sightVms(reader, await readHost(reader), 7n);
  return { vms, problems: problemsOf(reader) };
}

const briefly = (vms: VmSighting[] | undefined) => vms?.map(({ name, tgid }) => `${name} ${tgid}`);

describe('a recorded host', () => {
  it('tells what it is', async () => {
    expect(await readHost(openRoot(recorded))).toEqual({
      hostname: '',
      kernel: '7.2.13+deb14-powerpc64le-64k',
      bootId: BOOT,
      machineId: undefined,
      cpu: 'POWER9 (architected), altivec supported',
      platform: 'pSeries',
      realModeHandlers: false,
    });
  });

  it('shows its VMs, and what is known of them', async () => {
    const { vms, problems } = await sighted(recorded);
    expect(briefly(vms)).toEqual(['vfa 178', 'hot 630']);
    expect(problems).toEqual([]);
    expect(vms?.[1]).toEqual({
      life: deriveId(BOOT, 630, 44_630_000_000n),
      name: 'hot',
      uuid: '1f6f5d0a-92cf-4f0e-8b74-3c1d5e6f7b02',
      tgid: 630,
      startedNs: 44_630_000_000n,
      threads: [
        { tid: 630, startedNs: 44_630_000_000n },
        { tid: 647, startedNs: 45_340_000_000n },
        { tid: 652, startedNs: 45_730_000_000n },
        { tid: 653, startedNs: 45_750_000_000n },
        { tid: 1222, startedNs: 99_120_000_000n },
        { tid: 1236, startedNs: 101_080_000_000n },
      ],
      facts: {
        observedNs: 7n,
        descriptors: { tceTables: 1, vfioGroups: [2] },
        vcpus: 2,
        memlockBytes: 2n ** 64n - 1n,
        qemu: '/usr/bin/qemu-system-ppc64',
        mmu: 'radix',
      },
      evidence: [
        { mode: 'real', evidence: 'absent', reason: 'real-mode-retired' },
        { mode: 'virtual', evidence: 'exact', reason: '' },
        { mode: 'userspace', evidence: 'exact', reason: '' },
      ],
    });
  });

  it('has no VM once all are stopped', async () => {
    expect(await sighted(join(await unpack('vfio-7.2'), 'root-stopped'))).toEqual({ vms: [], problems: [] });
  });
});

describe('a host', () => {
  it('shows its VMs without debugfs too', async () => {
    const root = await copied();
    await rm(join(root, 'sys/kernel/debug'), { recursive: true });
    expect(await sighted(root)).toMatchObject({ vms: [{ tgid: 178 }, { tgid: 630 }], problems: [] });
  });

  it('may lose a VM while it is looked at', async () => {
    const root = await copied();
    await rm(join(root, 'proc/630'), { recursive: true });
    expect(await sighted(root)).toMatchObject({ vms: [{ tgid: 178 }], problems: [] });
  });

  // Seen on a host: a VM with a VFIO device takes seconds to end, and until then debugfs lists it.
  it('says nothing of a VM that ends, rather than that it has no name', async () => {
    const root = await copied();
    await writeFile(join(root, 'proc', '178', 'cmdline'), '');
    expect(briefly((await sighted(root)).vms)).toEqual(['hot 630']);
  });

  it('tells nothing of descriptors that are being closed', async () => {
    const root = await copied();
    // What a process shows that has closed its files but not yet gone.
    await rm(join(root, 'proc/630/fd'), { recursive: true });
    await mkdir(join(root, 'proc/630/fd'));
    // And one that was listed and is no link any more when it is asked for.
    await writeFile(join(root, 'proc/178/fd/99'), '');
    const { vms } = await sighted(root);
    for (const vm of vms ?? []) {
      expect(vm.facts).not.toHaveProperty('descriptors');
      expect(vm.facts).toHaveProperty('qemu');
    }
  });

  it('opens no file of debugfs: they print the memory of guests', async () => {
    const root = await copied();
    await writeFile(join(root, 'proc/cpuinfo'), BARE_POWER9);
    for (const directory of ['178-11', '630-12', 'vm178', 'vm630']) {
      // To open any of these is EISDIR, and so a problem.
      for (const file of ['htab', 'radix', 'sum_exits']) {
        await rm(join(root, 'sys/kernel/debug/kvm', directory, file), { force: true });
        await mkdir(join(root, 'sys/kernel/debug/kvm', directory, file), { recursive: true });
      }
    }
    expect(await sighted(root)).toMatchObject({ vms: [{ tgid: 178 }, { tgid: 630 }], problems: [] });
  });

  it('that may run guests with either MMU tells neither, and claims nothing of real mode', async () => {
    const root = await copied();
    await writeFile(join(root, 'proc/cpuinfo'), BARE_POWER9);
    await writeFile(join(root, 'proc/sys/kernel/osrelease'), '5.10.223\n');
    await writeFile(join(root, 'proc/kallsyms'), '0000000000000000 T kvmppc_rm_h_put_tce\n');
    const cmdline = await readFile(join(root, 'proc/630/cmdline'), 'utf8');
    await writeFile(join(root, 'proc/630/cmdline'), `${cmdline}-machine\0pseries,max-cpu-compat=power8\0`);
    const { vms } = await sighted(root);
    expect(vms?.map(({ facts }) => facts?.mmu)).toEqual([undefined, 'hpt']);
    const real = vms?.map(({ evidence }) => evidence.filter(({ mode }) => mode === 'real'));
    expect(real?.flat().map(({ evidence }) => evidence)).not.toContain('absent');
    expect(real?.[0]).toContainEqual({
      mode: 'real',
      hypercall: 'H_PUT_TCE',
      evidence: 'unobservable',
      reason: 'mmu-unknown',
    });
    expect(real?.[1]).toEqual([{ mode: 'real', evidence: 'unobservable', reason: 'real-mode-invisible' }]);
  });

  it('says what may not be read, once for all of a kind, and what to do about it', async () => {
    const root = await copied();
    await asNobody(root, async () => {
      for (const tgid of [178, 630]) await chmod(join(root, `proc/${tgid}/fd`), 0);
      return async () => {
        const { vms, problems } = await sighted(root);
        expect(briefly(vms)).toEqual(['vfa 178', 'hot 630']);
        expect(vms?.[0]?.facts).not.toHaveProperty('descriptors');
        expect(problems).toEqual([
          'cannot read /proc/178/fd and others like it: permission denied; run the agent as root, or grant it ' +
            'CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH',
        ]);
      };
    });
  });

  // Else the log would have a line for each look: files are read at once, and a VM opens and closes some all the time.
  it('says so in the same words whichever file was refused first, and however many are', async () => {
    const root = await mkdtemp(join(tmpdir(), 'tcewatch-'));
    cleanups.push(() => rm(root, { recursive: true }));
    const said = async (...files: string[]): Promise<string[]> => {
      const reader = openRoot(root);
      for (const file of files) {
        await mkdir(join(root, file), { recursive: true });
        await text(reader, file);
      }
      return problemsOf(reader);
    };
    const [one = ''] = await said('fd/7', 'fd/8');
    expect(one).toMatch(/^cannot read \/fd\/7 and others like it: /);
    expect(await said('fd/9', 'fd/8', 'fd/7')).toEqual([one]);
    expect(await said('fd/7', 'fd/7')).toEqual([one.replace(' and others like it', '')]);
  });

  it('that lets nobody look is not one without VMs', async () => {
    const root = await copied();
    await asNobody(root, async () => {
      await chmod(join(root, 'sys/kernel/debug'), 0);
      for (const tgid of [1, 178, 630]) await chmod(join(root, `proc/${tgid}/fd`), 0);
      return async () => {
        expect((await sighted(root)).vms).toBeUndefined();
      };
    });
  });

  it('may have files that cannot be read for other reasons', async () => {
    const root = await copied();
    await rm(join(root, 'proc/178/cgroup'));
    await symlink('cgroup', join(root, 'proc/178/cgroup'));
    expect((await sighted(root)).problems).toEqual([expect.stringContaining('cannot read /proc/178/cgroup: ELOOP')]);
  });
});

/** Root may read everything, so the test gives up being root, if it is, after `prepare` and until its end. */
async function asNobody(root: string, prepare: () => Promise<() => Promise<void>>): Promise<void> {
  await chmod(root, 0o755);
  const test = await prepare();
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await test();
  } finally {
    if (isRoot) process.seteuid?.(0);
    for (const path of ['sys/kernel/debug', 'proc/1/fd', 'proc/178/fd', 'proc/630/fd'])
      await chmod(join(root, path), 0o755);
  }
}
