import { mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reading } from '../../src/model.js';
import { record } from '../../src/record/record.js';
import type { Recorded, RecordOptions } from '../../src/record/record.js';
import type { Totals } from '../../src/figures/totals.js';
import { createReplay } from '../../src/sources/replay/source.js';
import { run } from '../cli/surroundings.js';
import { FixtureHost } from '../sources/fixture-host.js';
import { testOptions } from '../sources/options.js';

const PID = 4242;
const OURS = `tcewatch-record-${PID}`;
const original = await unpack('vfio-7.2');
let host: FixtureHost;
let scratch: string;
let directory: string;

beforeEach(async () => {
  host = await FixtureHost.make();
  scratch = await mkdtemp(join(tmpdir(), 'tcewatch-record-'));
  directory = join(scratch, 'recording');
});
afterEach(async () => {
  await host.remove();
  await rm(scratch, { recursive: true });
});

/** The kernel and the clocks of the host are where they were at that snapshot of the original. */
async function play(snapshot: string): Promise<void> {
  await host.print(OURS, snapshot);
  const [, uptime = ''] = (await readFile(join(original, 'hist', snapshot, 'clock'), 'utf8')).trim().split(' ');
  await writeFile(join(host.root, 'proc/uptime'), `${uptime} 0.00\n`);
}

/** Records the given snapshots of the original; between them, `meanwhile` may change the host. */
function recordOf(
  snapshots: readonly string[],
  meanwhile: (next: string) => Promise<void> = () => Promise.resolve(),
  given: Partial<RecordOptions> = {},
): Promise<Recorded> {
  const [first = '', ...more] = snapshots;
  return record({
    root: host.root,
    directory,
    intervalMs: 2000,
    snapshots: snapshots.length,
    size: 4096,
    pid: PID,
    pace: {
      now: () => 0,
      sleep: async () => {
        const next = more.shift() ?? '';
        await meanwhile(next);
        await play(next);
      },
    },
    now: () => 1_795_348_800_000_000_000n,
    stop: new AbortController().signal,
    files: {
      ...host.files,
      make: async (path) => {
        await host.files.make(path);
        await play(first);
      },
    },
    ...given,
  });
}

async function replayed(): Promise<Reading[]> {
  const source = createReplay(testOptions({ directory }));
  await source.open();
  const readings: Reading[] = [];
  for (let r = await source.next(); r; r = await source.next()) readings.push(r);
  await source.close();
  return readings;
}

describe('a recording', () => {
  it('replays to what the kernel counted, to the call, for each VM', async () => {
    expect(await recordOf(['0250', '0275', '0300'])).toEqual({ snapshots: 3, trees: 2, failures: [], problems: [] });
    const { status, stdout } = await run(['replay', directory, '--json']);
    const totals = JSON.parse(stdout) as Totals;
    expect(status).toBe(0);
    expect(totals).toMatchObject({ seen: 178_108, counted: 178_108, lost: 0, punted: { seen: 30_871, lost: 0 } });
    expect(totals.totals.filter(({ mode, calls }) => mode === 'userspace' && calls !== 0)).toMatchObject([
      { vm: 'hot', hypercall: 'H_PUT_TCE_INDIRECT', calls: 15_435 },
      { vm: 'hot', hypercall: 'H_STUFF_TCE', calls: 15_436 },
    ]);
    expect(new Set(totals.totals.map(({ vm }) => vm))).toEqual(new Set(['vfa', 'hot']));
  });

  it('shows when a table left the kernel', async () => {
    const table = join(host.root, 'proc/630/fd/99');
    await symlink('anon_inode:kvm-spapr-tce', table);
    const recorded = await recordOf(['0250', '0275', '0300'], (next) =>
      next === '0275' ? rm(table) : Promise.resolve(),
    );
    expect(recorded.trees).toBe(3);
    const tables = (await replayed()).map(
      ({ vms }) => vms?.find(({ name }) => name === 'hot')?.facts?.descriptors?.tceTables,
    );
    expect([tables[0], tables.at(-1)]).toEqual([2, 1]);
  });

  it('keeps the calls of a VM that ends meanwhile', async () => {
    await recordOf(['0250', '0275', '0300'], async (next) => {
      if (next !== '0275') return;
      await rm(join(host.root, 'proc/630'), { recursive: true });
      await rm(join(host.root, 'sys/kernel/debug/kvm/630-12'), { recursive: true });
    });
    const readings = await replayed();
    expect(readings.map(({ vms }) => vms?.map(({ name }) => name))).toEqual([['vfa', 'hot'], ['vfa'], ['vfa']]);
    const { status, stdout } = await run(['replay', directory, '--json']);
    const totals = JSON.parse(stdout) as Totals;
    expect([status, totals.seen, totals.lost]).toEqual([0, 178_108, 0]);
    expect(totals.totals.map(({ vm }) => vm)).toContain('hot');
  });

  it('holds nothing that the agent does not interpret', async () => {
    const cmdline = join(host.root, 'proc/630/cmdline');
    const words = await readFile(cmdline, 'utf8');
    await writeFile(cmdline, `${words}-object\0secret,id=s0,data=hunter2\0`);
    await recordOf(['0300']);
    const tree = join(directory, 'root-0000');
    expect((await readFile(join(tree, 'proc/630/cmdline'), 'utf8')).split('\0')).toEqual([
      'qemu-system-ppc64',
      '-name',
      'guest=hot,debug-threads=on',
      '-uuid',
      '1f6f5d0a-92cf-4f0e-8b74-3c1d5e6f7b02',
      '-M',
      expect.stringContaining('pseries'),
      '',
    ]);
    expect((await readdir(join(tree, 'proc/630/fd'))).length).toBe(9);
    const listed = await readdir(join(tree, 'sys/kernel/debug/kvm'), { recursive: true });
    expect(listed.sort()).toEqual(['178-11', '630-12']);
    expect(await readFile(join(tree, 'proc/kallsyms'), 'utf8')).toMatch(/^(0{16} \w kvmppc_\w+.*\n)+$/);
  });

  it('removes its instance and what a killed one left, and leaves that of an agent', async () => {
    for (const name of ['tcewatch-7210000000', 'tcewatch-record-99999']) {
      await host.files.make(host.instance(name));
    }
    await recordOf(['0300']);
    expect(await readdir(host.instance())).toEqual(['tcewatch-7210000000']);
  });

  it('ends early when it is stopped, and is whole', async () => {
    const stop = new AbortController();
    await recordOf(
      ['0250', '0275', '0300'],
      () => {
        stop.abort();
        return Promise.resolve();
      },
      { snapshots: Infinity, stop: stop.signal },
    );
    expect((await replayed()).at(-1)?.accounts[0]?.seen).toBeGreaterThan(0);
    expect(await readFile(join(directory, 'timeline.txt'), 'utf8')).toMatch(
      /begin\n.*tree 0000\n.*tree 0001\n.* end\n$/s,
    );
  });

  it('goes on when the kernel does not give the histograms for once', async () => {
    const more = ['0275', '0300'];
    const sleep = async () => {
      const next = more.shift() ?? '';
      await play(next);
      if (next === '0275') await rm(join(host.trigger(OURS, 'kvm_hcall_enter'), '../hist'));
    };
    const recorded = await recordOf(['0250', '0275', '0300'], undefined, { pace: { now: () => 0, sleep } });
    expect(recorded).toMatchObject({ snapshots: 2, failures: [expect.stringContaining('kvm_hcall_enter/hist')] });
    expect((await replayed()).map(({ accounts }) => accounts[0]?.seen)).toEqual([144_325, 178_108]);
  });

  it('is not written over another one', async () => {
    await recordOf(['0300']);
    await expect(recordOf(['0300'])).rejects.toThrow(/is not empty: give a directory that is, or a new one/);
  });
});
