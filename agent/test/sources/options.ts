/** Options of sources for tests: no waiting, and a clock that stands. */
import type { ReplayOptions, SourceOptions } from '../../src/sources/options.js';

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
