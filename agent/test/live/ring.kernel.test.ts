/** A ring on a live kernel, against a program whose calls are known. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '@tcewatch/protocol';
import type { Cell } from '../../src/model.js';
import { realPace } from '../../src/clock.js';
import type { Pace } from '../../src/clock.js';
import { RingCounts, accountsOf } from '../../src/ring/counts.js';
import { makeRing, readFormats, removeRing } from '../../src/ring/instance.js';
import { RingReader } from '../../src/ring/reader.js';
import { findTracefs } from '../../src/tracefs/instances.js';
import { Tracefs } from '../../src/tracefs/tracefs.js';
import { HANDLED_LIOBN, PUNTED_LIOBN, StandIn, inTheWay, issued } from './stand-in.js';

const obstacle = await inTheWay();
if (obstacle !== undefined) process.stderr.write(`live tests of the ring are left out: ${obstacle}\n`);

const TINY = 8;
const AMPLE = 32_768;
const [THREADS, EACH] = [3, 20_000];

/** Polls the ring when a reading is asked for and at no other time. */
const onlyWhenAsked: Pace = {
  now: () => 0,
  sleep: (_ms, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    }),
};

describe.skipIf(obstacle !== undefined)('a ring on this kernel', () => {
  let standIn: StandIn;

  beforeAll(async () => {
    standIn = await StandIn.make();
  });
  afterAll(async () => {
    await standIn.remove();
  });
  afterEach(() => standIn.removeInstances());

  /** Counts calls with a ring of that size while there are too many. */
  async function flooded(kbPerCpu: number, pace: Pace): Promise<{ accounts: Account[]; cells: Cell[] }> {
    const { kind } = standIn;
    const tracefs = new Tracefs(undefined, kind.withoutEvents);
    const place = { tracefs, tracing: await findTracefs('/', tracefs), prefix: `${kind.prefix}-ring`, kind };
    const counts = new RingCounts(await readFormats(place), 'punts');
    const ring = await makeRing(place, 1n, { kbPerCpu });
    const directories = ring.map(({ directory }) => directory);
    const monotonicNs = () => Number(process.hrtime.bigint());
    const reader = await RingReader.open(directories, counts, { kbPerCpu, pace, monotonicNs });
    reader.start();
    try {
      await standIn.calls(THREADS, EACH);
      await reader.catchUp();
      expect(counts.problems).toEqual([]);
      return { accounts: accountsOf(reader.tallies()), cells: counts.cells() };
    } finally {
      await reader.close();
      expect(await removeRing(ring, tracefs)).toEqual([]);
    }
  }

  it('tells each call with its LIOBN where the buffer has room for all', async () => {
    const { accounts, cells } = await flooded(AMPLE, onlyWhenAsked);
    expect(accounts).toEqual([
      { counter: 'entered', seen: THREADS * total('entered'), losses: [] },
      { counter: 'punted', seen: THREADS * total('punted'), losses: [] },
    ]);
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
    ['at the end', onlyWhenAsked],
    ['all the time', realPace],
  ])('declares what a tiny buffer lost, read %s', async (_when, pace) => {
    const { accounts, cells } = await flooded(TINY, pace);
    for (const counter of ['entered', 'punted'] as const) {
      const account = accounts.find((each) => each.counter === counter);
      const stored = sum(cells, counter);
      const lost = account?.losses.reduce((all, { events }) => all + events, 0) ?? NaN;
      expect(account?.seen).toBe(THREADS * total(counter));
      expect(stored + lost).toBe(THREADS * total(counter));
      const kinds = account?.losses.map((loss) => loss.kind);
      // How much is lost while it is read depends on who is faster.
      if (pace === onlyWhenAsked || lost > 0) expect(kinds).toEqual(['overwritten']);
      expect(stored).toBeGreaterThan(0);
    }
    // A punt whose enter was lost has no LIOBN, and never that of another call.
    const told = cells.filter(({ counter, scope }) => counter === 'punted' && scope === 'one');
    expect(new Set(told.map(({ liobn }) => liobn))).not.toContain(HANDLED_LIOBN);
  });
});

/** Calls that one thread issues. */
function total(counter: 'entered' | 'punted'): number {
  return Object.values(issued(EACH)).reduce((all, counts) => all + counts[counter], 0);
}

function sum(cells: readonly Cell[], counter: string): number {
  return cells.reduce((all, cell) => all + (cell.counter === counter ? cell.calls : 0), 0);
}
