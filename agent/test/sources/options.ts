/** Options of sources for tests: no waiting, and a clock that stands. */
import type { SourceContext } from '../../src/sources/entry.js';
import type { SourceOptions } from '../../src/sources/registry.js';
import type { ReplaySettings } from '../../src/sources/replay/source.js';

const neverSleeps = { now: () => 0, sleep: () => Promise.reject(new Error('a replay without speed must not sleep')) };

export type TestReplay = Partial<ReplaySettings & Pick<SourceContext, 'pace' | 'onProgress'>>;

export function testOptions({ pace, onProgress, ...replay }: TestReplay = {}, root = '/nowhere'): SourceOptions {
  return {
    root,
    host: {},
    agentVersion: '0.0.0-test',
    hist: { size: 4096, detail: false },
    pace: pace ?? neverSleeps,
    onProgress,
    now: () => 1_800_000_000_000_000_000n,
    replay: { directory: '/nowhere', source: 'hist', speed: Infinity, ...replay },
  };
}
