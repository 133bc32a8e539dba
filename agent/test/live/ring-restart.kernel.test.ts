/** The source `ring` on a live kernel over several lives of an agent: nothing is counted twice, nothing lost unsaid. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { encodeBatch } from '@tcewatch/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toBatch } from '../../src/batch-builder.js';
import { advance } from '../../src/ledger/advance.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../src/ledger/state.js';
import { toldOf } from '../../src/ledger/resume-point.js';
import type { Reading, Source, Told } from '../../src/model.js';
import { createRing } from '../../src/sources/ring/source.js';
import type { RingShape } from '../../src/sources/ring/instance.js';
import { ModelCollector } from '../run/collector.js';
import { vm } from '../run/fakes.js';
import { testOptions, testRing } from '../sources/options.js';
import { StandIn, inTheWay, issued } from './stand-in.js';

const AGENT = fileURLToPath(new URL('ring-agent.js', import.meta.url));
const TINY = 8;
const AMPLE = 32_768;
const COUNTERS = ['entered', 'punted'] as const;

const obstacle = await inTheWay();

describe.skipIf(obstacle !== undefined)('the source ring on this kernel, over several lives', () => {
  let standIn: StandIn;
  let directory: string;
  const sources: Source[] = [];

  beforeAll(async () => {
    standIn = await StandIn.make();
  });
  afterAll(async () => {
    await standIn.remove();
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tcewatch-'));
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    await standIn.removeInstances();
    await rm(directory, { recursive: true });
  });

  async function open(shape: RingShape, told?: Told, root = '/'): Promise<Source> {
    const source = createRing({ ...testOptions(undefined, root), ring: { ...testRing, ...shape } }, standIn.kind);
    sources.push(source);
    await source.open(told);
    return source;
  }

  /** A root with this kernel's clocks and tracefs in which all threads have ended: not all can be looked at where tests run. */
  async function withoutProcesses(): Promise<string> {
    await mkdir(join(directory, 'proc'));
    for (const path of ['sys', 'proc/sys', 'proc/uptime']) await symlink(join('/', path), join(directory, path));
    return directory;
  }

  /** Resolves when the agent has ended; it is given the signal after so many batches. */
  async function agent(shape: RingShape, batches: number, signal: NodeJS.Signals, collector: ModelCollector) {
    const given = JSON.stringify({ kind: standIn.kind, ring: shape, state: directory });
    const child = spawn(process.execPath, [AGENT, given], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    let taken = 0;
    for await (const line of createInterface(child.stdout)) {
      // One that was cut is as if it had not left.
      if (line.endsWith('=') || line.length % 4 === 0) collector.take(Buffer.from(line, 'base64'));
      if (++taken === batches) child.kill(signal);
    }
    return ended;
  }

  it.each([
    ['an ample ring', AMPLE, true],
    ['a tiny ring that overwrites', TINY, true],
    ['a tiny ring that does not', TINY, false],
  ])(
    'declares to the call what is lost with an agent that is killed in mid-flood: %s',
    async (_, kbPerCpu, overwrite) => {
      const shape = { kbPerCpu, overwrite };
      const collector = new ModelCollector();
      let calls: Promise<void> | undefined;
      const first = new Promise<void>((resolve) => {
        const take = collector.take.bind(collector);
        collector.take = (bytes) => {
          take(bytes);
          resolve();
        };
      });
      const begun = first.then(() => (calls = standIn.calls(3, 20_000, { every: 20, us: 2000 })));
      for (const batches of [5, 1, 3, 8]) {
        expect(await agent(shape, batches, 'SIGKILL', collector)).toEqual([null, 'SIGKILL']);
      }
      await begun;
      await calls;
      // All calls are made: the first reading of this life has the rest.
      expect(await agent(shape, 1, 'SIGTERM', collector)).toEqual([0, null]);
      for (const counter of COUNTERS) {
        const { seen, lost } = collector.account(counter);
        expect([counter, seen]).toEqual([counter, 3 * total(counter, 20_000)]);
        expect([counter, stored(collector, counter) + lost]).toEqual([counter, seen]);
      }
    },
  );

  it('loses nothing with agents that are stopped in mid-flood', async () => {
    const shape = { kbPerCpu: AMPLE, overwrite: true };
    const collector = new ModelCollector();
    await agent(shape, 1, 'SIGTERM', collector);
    const calls = standIn.calls(3, 20_000, { every: 20, us: 2000 });
    for (const batches of [4, 1, 7]) expect(await agent(shape, batches, 'SIGTERM', collector)).toEqual([0, null]);
    await calls;
    await agent(shape, 1, 'SIGTERM', collector);
    for (const counter of COUNTERS) {
      expect(collector.account(counter)).toEqual({ seen: 3 * total(counter, 20_000), lost: 0 });
      expect(stored(collector, counter)).toBe(3 * total(counter, 20_000));
    }
  });

  it('declares what a life had read and not reported, and counts what it had not read', async () => {
    const shape = { kbPerCpu: AMPLE, overwrite: true };
    const killed = await open(shape);
    await standIn.calls(1, 1000);
    const reported = await taken(killed);
    await standIn.calls(1, 500);
    await taken(killed);
    await killed.close();
    await standIn.calls(1, 200);
    const next = await taken(await open(shape, toldAfter([reported])));
    expect(next.epoch).toBe(reported.epoch);
    for (const counter of COUNTERS) {
      expect(next.accounts.find((account) => account.counter === counter)).toEqual({
        counter,
        seen: total(counter, 1000) + total(counter, 500) + total(counter, 200),
        losses: [{ kind: 'unreported', events: total(counter, 500) }],
      });
      expect(sum(next, counter)).toBe(total(counter, 1000) + total(counter, 200));
    }
    const text = `${total('entered', 500)} entered calls that it had read and not reported are lost`;
    expect(next.problems).toContainEqual(expect.stringContaining(text));
  });

  it('tells the losses of all lives together, and each anew only what is new', async () => {
    const shape = { kbPerCpu: AMPLE, overwrite: true };
    const readings: Reading[] = [];
    for (let life = 0; life < 3; life++) {
      const source = await open(shape, toldAfter(readings));
      readings.push(await taken(source));
      await standIn.calls(1, 100);
      await taken(source);
      await source.close();
    }
    const last = await taken(await open(shape, toldAfter(readings)));
    const [entered] = last.accounts;
    expect(entered).toMatchObject({ seen: 240, losses: [{ kind: 'unreported', events: 240 }] });
    expect(last.problems.filter((text) => text.includes('killed'))).toEqual([
      expect.stringContaining(': 80 entered calls'),
      expect.stringContaining(': 20 punted calls'),
    ]);
  });

  it('begins anew where nobody knows what of a ring was reported', async () => {
    const shape = { kbPerCpu: AMPLE, overwrite: true };
    const before = await open(shape);
    await standIn.calls(1, 100);
    const { epoch } = await taken(before);
    await before.close();
    const after = await taken(await open(shape));
    expect(after.epoch).not.toBe(epoch);
    expect(after.accounts.map(({ seen }) => seen)).toEqual([0, 0]);
    expect(await standIn.instanceNames()).toHaveLength(2);
  });

  it('begins anew where somebody has emptied the ring', async () => {
    const shape = { kbPerCpu: AMPLE, overwrite: true };
    const before = await open(shape);
    await standIn.calls(1, 100);
    const reported = await taken(before);
    await before.close();
    await standIn.empty();
    const after = await taken(await open(shape, toldAfter([reported])));
    expect(after.epoch).not.toBe(reported.epoch);
    expect(await standIn.instanceNames()).toHaveLength(2);
  });

  it('makes buffers larger that are to be, and goes on', async () => {
    const before = await open({ kbPerCpu: TINY, overwrite: true });
    await standIn.calls(1, 10);
    const reported = await taken(before);
    await before.close();
    await standIn.calls(1, 10);
    const source = await open({ kbPerCpu: AMPLE, overwrite: true }, toldAfter([reported]));
    await standIn.calls(1, 10_000);
    const { epoch, accounts } = await taken(source);
    expect(epoch).toBe(reported.epoch);
    expect(accounts).toEqual(
      COUNTERS.map((counter) => ({ counter, seen: 2 * total(counter, 10) + total(counter, 10_000), losses: [] })),
    );
  });

  it('is exact for each VM over epochs, which end when threads that have ended crowd the ring', async () => {
    const [vms, threads, each] = [30, 60, 20];
    const shape = { kbPerCpu: AMPLE, overwrite: true };
    const collector = new ModelCollector();
    let state = emptyLedger();
    const root = await withoutProcesses();
    let source = await open(shape, undefined, root);
    const seen = new Set<number>();
    const epochs = new Set<string>();
    let most = 0;
    const read = async (i: number) => {
      const reading = await taken(source);
      const tids = new Set(reading.cells.map(({ tid }) => tid).filter((tid) => !seen.has(tid)));
      for (const tid of tids) seen.add(tid);
      most = Math.max(most, new Set(reading.cells.map(({ tid }) => tid)).size);
      epochs.add(reading.epoch);
      // The threads of a VM that was there for a while; where the stand-in runs, nothing looks like QEMU.
      const vms = [{ ...vm(i + 1, `vm${i}`), threads: [...tids].map((tid) => ({ tid, startedNs: 1n })) }];
      const of = { reading: { ...reading, vms }, run: '00000000-0000-8000-8000-000000000001', intervalNs: 1n };
      state = advance(state, of.reading, DEFAULT_CAPS);
      collector.take(encodeBatch(toBatch({ ...of, snapshot: snapshot(state), sequence: 1 })));
    };
    for (let i = 0; i < vms; i++) {
      await standIn.calls(threads, each);
      await read(i);
      if (i % 3 !== 2) continue;
      // An agent that is killed, every time at another distance from the end of an epoch.
      await source.close();
      source = await open(shape, toldOf(state), root);
    }
    expect(seen.size).toBe(vms * threads);
    expect(epochs.size).toBeGreaterThan(1);
    expect(most).toBeLessThan(seen.size);
    for (const counter of COUNTERS) {
      const stored = Object.fromEntries(
        Array.from({ length: vms }, (_, i) => [`vm${i}`, threads * total(counter, each)]),
      );
      expect(collector.stored(counter)).toEqual(stored);
      expect(collector.account(counter)).toEqual({ seen: vms * threads * total(counter, each), lost: 0 });
    }
  });
});

async function taken(source: Source): Promise<Reading> {
  return (await source.next()) ?? expect.fail('there is no reading');
}

/** What the ledger knows after these readings. */
function toldAfter(readings: readonly Reading[]): Told | undefined {
  return toldOf(readings.reduce((state, reading) => advance(state, reading, DEFAULT_CAPS), emptyLedger()));
}

/** Calls that one thread issues. */
function total(counter: (typeof COUNTERS)[number], each: number): number {
  return Object.values(issued(each)).reduce((all, counts) => all + counts[counter], 0);
}

function sum({ cells }: Reading, counter: string): number {
  return cells.reduce((all, cell) => all + (cell.counter === counter ? cell.calls : 0), 0);
}

/** What batches have told in the end, over all VMs: no thread of the stand-in is one's. */
function stored(collector: ModelCollector, counter: (typeof COUNTERS)[number]): number {
  return Object.values(collector.stored(counter)).reduce((all, calls) => all + calls, 0);
}
