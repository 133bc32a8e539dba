import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentError } from '../../../src/errors.js';
import type { Reading, Source } from '../../../src/model.js';
import { createSource } from '../../../src/sources/registry.js';
import { copyTree } from '../../copy-tree.js';
import { testOptions } from '../options.js';
import type { TestReplay } from '../options.js';

const whole = await unpack('vfio-7.2');
let directory: string;

/** Four snapshots of the recording and one of its trees. */
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'tcewatch-')), 'host-a');
  for (const number of ['0000', '0100', '0200', '0300']) {
    await cp(join(whole, 'hist', number), join(directory, 'hist', number), { recursive: true });
  }
  await copyTree(join(whole, 'root-hot-plugged'), join(directory, 'root-hot-plugged'));
});
afterEach(() => rm(join(directory, '..'), { recursive: true }));

async function opened(replay: TestReplay = {}): Promise<Source> {
  const source = createSource('replay', testOptions({ directory, ...replay }));
  await source.open();
  return source;
}

/** Lists each reading, or the code of its error. */
async function outcomes(source: Source): Promise<(Reading | string)[]> {
  const all: (Reading | string)[] = [];
  for (;;) {
    try {
      const reading = await source.next();
      if (!reading) return all;
      all.push(reading);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      all.push(error.code);
    }
  }
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof AgentError ? error.code : String(error)),
  );

const seen = (readings: readonly (Reading | string)[]) =>
  readings.map((reading) => (typeof reading === 'string' ? reading : reading.accounts[0]?.seen));

describe('a recording', () => {
  it('is named after its directory where its host has no name', async () => {
    expect((await (await opened()).next())?.host).toMatchObject({ id: 'host-a', name: 'host-a', source: 'replay' });
  });

  it('goes on after snapshots that are broken, each an error of its own', async () => {
    await writeFile(join(directory, 'hist/0100/kvm_hcall_enter.hist'), '# event histogram\n');
    await rm(join(directory, 'hist/0200/kvm_hcall_exit.hist'));
    await writeFile(join(directory, 'hist/0300/clock'), 'noon\n');
    const progress: string[] = [];
    const source = await opened({ onProgress: (done, total) => progress.push(`${done}/${total}`) });
    expect(seen(await outcomes(source))).toEqual([0, 'hist-malformed', 'recording-unreadable', 'recording-malformed']);
    expect(progress).toEqual(['1/4', '2/4', '3/4', '4/4']);
  });

  it('has the epoch of its first good clock', async () => {
    const { epoch } = (await outcomes(await opened()))[0] as Reading;
    await writeFile(join(directory, 'hist/0000/clock'), '');
    const [first, second] = await outcomes(await opened());
    expect(first).toBe('recording-malformed');
    expect((second as Reading).epoch).not.toBe(epoch);
  });

  it('ends with its final histograms if they say more, at the end of its timeline', async () => {
    await cp(join(whole, 'final'), join(directory, 'final'), { recursive: true });
    const readings = await outcomes(await opened());
    expect(seen(readings)).toEqual([0, 46_908, 113_668, 178_108, 280_091]);
    const clocks = () => readings.map((reading) => (reading as Reading).clock);
    expect(clocks()[4]).toEqual(clocks()[3]);
    await cp(join(whole, 'timeline.txt'), join(directory, 'timeline.txt'));
    expect(((await outcomes(await opened()))[4] as Reading).clock.uptimeNs).toBe(794_910_000_000n);
    await cp(join(directory, 'hist/0300'), join(directory, 'final'), { recursive: true, force: true });
    expect(await outcomes(await opened())).toHaveLength(4);
  });

  it('dates a tree by the uptime in it where there is no timeline', async () => {
    await writeFile(join(directory, 'root-hot-plugged/proc/uptime'), '300.00 1.00\n');
    const readings = (await outcomes(await opened())) as Reading[];
    expect(readings.map(({ vms }) => vms?.map(({ facts }) => facts?.observedNs))).toEqual([
      [undefined],
      [undefined, undefined],
      [300_000_000_000n, 300_000_000_000n],
      [300_000_000_000n, 300_000_000_000n],
    ]);
  });

  it('is refused when nothing says when a tree was made', async () => {
    await rm(join(directory, 'root-hot-plugged/proc/uptime'));
    expect(await codeOf(opened())).toBe('recording-malformed');
  });

  it('without trees tells of no VMs, which is not the same as none', async () => {
    await rm(join(directory, 'root-hot-plugged'), { recursive: true });
    const readings = (await outcomes(await opened())) as Reading[];
    expect(readings.map(({ vms }) => vms)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('the pace of a replay', () => {
  it('is that of the recording, divided by the speed', async () => {
    const slept: number[] = [];
    let now = 5000;
    const pace = {
      now: () => now,
      sleep: (milliseconds: number) => {
        slept.push(Math.round(milliseconds));
        now += milliseconds;
        return Promise.resolve();
      },
    };
    const readings = (await outcomes(await opened({ speed: 10, pace }))) as Reading[];
    const sinceFirst = readings.map(({ clock }) => Number(clock.uptimeNs - 7_210_000_000n) / 1e6);
    expect(slept).toEqual(sinceFirst.slice(1).map((ms, i) => Math.round((ms - (sinceFirst[i] ?? 0)) / 10)));
  });

  it('does not hold up the end', async () => {
    let asleep: () => void = () => undefined;
    const isAsleep = new Promise<void>((resolve) => (asleep = resolve));
    const pace = {
      now: () => 0,
      sleep: (_: number, signal: AbortSignal) => {
        asleep();
        return new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            resolve();
          });
        });
      },
    };
    const source = await opened({ speed: 1, pace });
    await source.next();
    const second = source.next();
    await isAsleep;
    await source.close();
    expect(await second).toBeUndefined();
  });
});

describe('a source', () => {
  it('of a replay needs a recording', async () => {
    expect(await codeOf(opened({ directory: join(directory, 'nothing') }))).toBe('recording-missing');
    await mkdir(join(directory, 'empty/hist'), { recursive: true });
    expect(await codeOf(opened({ directory: join(directory, 'empty') }))).toBe('recording-missing');
  });
});
