/**
 * `verify` on a live kernel while calls are made. Where the kernel has no hist triggers, a second ring stands for the
 * histogram: it counts the same calls on its own.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cell } from '../../src/model.js';
import { realPace } from '../../src/clock.js';
import { openRingCounter, verify } from '../../src/verify/verify.js';
import type { CallCounter } from '../../src/verify/verify.js';
import { PUNTED_LIOBN, StandIn, inTheWay, issued } from './stand-in.js';

const obstacle = await inTheWay();
const THREADS = 2;
const EACH = 2000;

describe.skipIf(obstacle !== undefined)('verify on this kernel', () => {
  let standIn: StandIn;
  beforeAll(async () => {
    standIn = await StandIn.make();
  });
  afterAll(async () => {
    await standIn.remove();
  });

  /** Compares from before the first call until after the last one. `spoil` is what the second counter makes of its cells. */
  async function compared(spoil: (cells: Cell[]) => Cell[]) {
    const monotonicNs = () => Number(process.hrtime.bigint());
    const options = { kbPerCpu: 8192, pace: realPace, monotonicNs };
    const first = await openRingCounter('/', 1, options, standIn.kind);
    const second = await openRingCounter('/', 2, options, standIn.kind);
    const stop = new AbortController();
    let calls = Promise.resolve();
    let ended = false;
    let [samples, samplesSince] = [0, 0];
    const hist: CallCounter = {
      read: async () => {
        const cells = await first.read();
        // The first sample is over before any call is made, and the last one is begun when all were.
        if (ended && samplesSince++ === 1) stop.abort();
        if (samples++ === 1)
          calls = standIn.calls(THREADS, EACH, { every: 100, us: 5000 }).finally(() => (ended = true));
        return spoil(cells);
      },
      close: () => first.close(),
    };
    try {
      return await verify(hist, second, {
        seconds: 3600,
        pace: realPace,
        stop: stop.signal,
        onProgress: () => undefined,
      });
    } finally {
      await calls;
      await hist.close();
      await second.close();
    }
  }

  it('finds that two counters of the same calls agree, while they are made', async () => {
    const result = await compared((cells) => cells);
    expect(result.map(({ counter, differences }) => [counter, differences])).toEqual([
      ['entered', []],
      ['punted', []],
    ]);
    expect(result.map(({ calls, compared }) => [calls, compared])).toEqual([
      [made('entered'), made('entered')],
      [made('punted'), made('punted')],
    ]);
  });

  it('finds one call of each thread that a counter missed', async () => {
    const result = await compared((cells) =>
      cells.map((cell) => {
        const missing = cell.counter === 'entered' && cell.hypercall === 'H_PUT_TCE' && cell.liobn === PUNTED_LIOBN;
        return missing ? { ...cell, calls: cell.calls - 1 } : cell;
      }),
    );
    expect(result.map(({ differences }) => differences.map(({ calls }) => calls))).toEqual([
      Array.from({ length: THREADS }, () => -1),
      [],
    ]);
  });
});

function made(counter: 'entered' | 'punted'): number {
  return THREADS * Object.values(issued(EACH)).reduce((all, counts) => all + counts[counter], 0);
}
