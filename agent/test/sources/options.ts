/** Options of sources for tests: no waiting, and a clock that stands. */
import type { Told } from '../../src/model.js';
import type { ReplayOptions, SourceOptions } from '../../src/sources/options.js';
import { realPace } from '../../src/clock.js';
import type { RingReaderOptions } from '../../src/sources/ring/reader.js';

const neverSleeps = { now: () => 0, sleep: () => Promise.reject(new Error('a replay without speed must not sleep')) };

export function testOptions(replay?: Partial<ReplayOptions>, root = '/nowhere'): SourceOptions {
  return {
    root,
    host: {},
    agentVersion: '0.0.0-test',
    hist: { size: 4096, detail: false },
    now: () => 1_800_000_000_000_000_000n,
    ...(replay && { replay: { directory: '/nowhere', speed: Infinity, pace: neverSleeps, ...replay } }),
  };
}

/** What the source `ring` is made with: the defaults, and the real clock. */
export const testRing: RingReaderOptions = {
  kbPerCpu: 1024,
  overwrite: true,
  pace: realPace,
  monotonicNs: () => Number(process.hrtime.bigint()),
};

/** An epoch of which nothing more is known. */
export function toldEpoch(epoch: string): Told {
  return { epoch, beganNs: 0n, cells: [], accounts: [] };
}
