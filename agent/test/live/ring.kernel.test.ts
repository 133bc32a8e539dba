/** The source `ring` on a live kernel, against a program whose calls are known. */
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import type { Reading, Source } from '../../src/model.js';
import { realPace } from '../../src/clock.js';
import type { Pace } from '../../src/clock.js';
import { createRing } from '../../src/sources/ring/source.js';
import type { RingShape } from '../../src/sources/ring/instance.js';
import { testOptions } from '../sources/options.js';
import { HANDLED_LIOBN, PUNTED_LIOBN, StandIn, inTheWay, issued } from './stand-in.js';

const obstacle = await inTheWay();
if (obstacle !== undefined) process.stderr.write(`live tests of the ring are left out: ${obstacle}\n`);

const TINY = 8;
const AMPLE = 32_768;
const [THREADS, EACH] = [3, 20_000];

/** Looks at the ring when a reading is asked for and at no other time. */
const onlyWhenAsked: Pace = {
  now: () => 0,
  sleep: (_ms, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    }),
};

describe.skipIf(obstacle !== undefined)('the source ring on this kernel', () => {
  let standIn: StandIn;
  let source: Source | undefined;

  beforeAll(async () => {
    standIn = await StandIn.make();
  });
  afterAll(async () => {
    await standIn.remove();
  });
  beforeEach(() => {
    source = undefined;
  });
  afterEach(async () => {
    await source?.close();
    await standIn.removeInstances();
  });

  function ring(shape: RingShape, pace: Pace): Source {
    const monotonicNs = () => Number(process.hrtime.bigint());
    source = createRing({ ...testOptions(undefined, '/'), ring: { ...shape, pace, monotonicNs } }, standIn.kind);
    return source;
  }

  async function flooded(shape: RingShape, pace: Pace): Promise<Reading> {
    const opened = ring(shape, pace);
    await opened.open();
    await standIn.calls(THREADS, EACH);
    return taken(opened);
  }

  it('tells each call with its LIOBN where the buffer has room for all', async () => {
    const { accounts, cells, problems } = await flooded({ kbPerCpu: AMPLE, overwrite: true }, onlyWhenAsked);
    expect(accounts).toEqual([
      { counter: 'entered', seen: THREADS * total('entered'), losses: [] },
      { counter: 'punted', seen: THREADS * total('punted'), losses: [] },
    ]);
    expect(own(problems)).toEqual([]);
    expect(new Set(cells.map(({ tid }) => tid)).size).toBe(THREADS);
    for (const [hypercall, { entered, punted }] of Object.entries(issued(EACH))) {
      const those = cells.filter((cell) => cell.hypercall === hypercall);
      const of = (counter: string, liobn: bigint) =>
        those.filter((cell) => cell.counter === counter && cell.liobn === liobn).map(({ calls }) => calls);
      const each = (calls: number) => Array.from({ length: THREADS }, () => calls);
      expect(of('entered', PUNTED_LIOBN)).toEqual(each(punted));
      expect(of('entered', HANDLED_LIOBN)).toEqual(each(entered - punted));
      expect(of('punted', PUNTED_LIOBN)).toEqual(each(punted));
      expect(of('punted', HANDLED_LIOBN)).toEqual([]);
    }
  });

  it.each([
    ['overwritten', true, 'at the end', onlyWhenAsked],
    ['dropped', false, 'at the end', onlyWhenAsked],
    ['overwritten', true, 'all the time', realPace],
    ['dropped', false, 'all the time', realPace],
  ])('declares what a tiny buffer lost: %s, overwriting %s, read %s', async (kind, overwrite, _when, pace) => {
    const { accounts, cells } = await flooded({ kbPerCpu: TINY, overwrite }, pace);
    for (const counter of ['entered', 'punted'] as const) {
      const account = accounts.find((each) => each.counter === counter);
      const stored = sum(cells, counter);
      const lost = account?.losses.reduce((all, { events }) => all + events, 0) ?? NaN;
      expect(account?.seen).toBe(THREADS * total(counter));
      expect(stored + lost).toBe(THREADS * total(counter));
      const kinds = account?.losses.map((loss) => loss.kind);
      // How much is lost while it is read depends on who is faster.
      if (pace === onlyWhenAsked || lost > 0) expect(kinds).toEqual([kind]);
      expect(stored).toBeGreaterThan(0);
    }
    // A punt whose enter was lost has no LIOBN, and never that of another call.
    const told = cells.filter(({ counter, scope }) => counter === 'punted' && scope === 'one');
    expect(new Set(told.map(({ liobn }) => liobn))).not.toContain(HANDLED_LIOBN);
  });

  it('notices that somebody stopped it, and goes on', async () => {
    const opened = ring({ kbPerCpu: AMPLE, overwrite: true }, onlyWhenAsked);
    await opened.open();
    await standIn.calls(1, 10);
    const before = await taken(opened);
    await standIn.disturb();
    await expect(opened.next()).rejects.toMatchObject({ name: 'SourceError', code: 'ring-stopped' });
    await opened.close();
    const { epoch, epochBeganNs: beganNs, cells, accounts } = before;
    await opened.open({ epoch, beganNs, cells, accounts });
    await standIn.calls(1, 10);
    const after = await taken(opened);
    expect(after.epoch).toBe(epoch);
    expect(after.accounts.map(({ seen }) => seen)).toEqual([16, 4]);
  });
});

async function taken(source: Source): Promise<Reading> {
  const reading = await source.next();
  if (!reading) throw new Error('there is no reading');
  return reading;
}

/** Without those of /proc: where tests run, other processes may be hidden. */
function own(problems: readonly string[]): string[] {
  return problems.filter((problem) => !problem.startsWith('cannot read /proc'));
}

/** Calls that one thread issues. */
function total(counter: 'entered' | 'punted'): number {
  return Object.values(issued(EACH)).reduce((all, counts) => all + counts[counter], 0);
}

function sum(cells: Reading['cells'], counter: string): number {
  return cells.reduce((all, cell) => all + (cell.counter === counter ? cell.calls : 0), 0);
}
