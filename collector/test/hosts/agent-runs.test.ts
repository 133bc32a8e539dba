/** Who claims a host's key, and how far its clock is off: told from readings alone, in whatever order they come. */
import { deriveId } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { BOOTED_NS, SECOND, batchOf } from '@tcewatch/testing/batches';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostProblems } from '../../src/hosts/problems.js';
import { claimants, clockAheadNs, mergeRunsBy, runKey, runOf } from '../../src/hosts/agent-runs.js';
import type { HostRun } from '../../src/hosts/agent-runs.js';

interface Life {
  /** When it was booted and when it was read, in seconds after BOOTED_NS. */
  booted?: number;
  from: number;
  to: number;
  boot?: string;
  run?: string;
  name?: string;
  /** Seconds that its clock is ahead from `set` on; before that `aheadBefore`. */
  ahead?: number;
  aheadBefore?: number;
  set?: number;
  delay?: number;
}

/** Readings every ten seconds of one life of an agent, each with the time at which it was received. */
function readings(life: Life): { batch: Batch; receivedNs: bigint }[] {
  const { booted = 0, from, to, boot = 'boot', run = 'run', name = 'a', delay = 0.1 } = life;
  const made = [];
  for (let at = from; at <= to; at += 10) {
    const batch = batchOf({ uptime: at - booted, vms: [], boot });
    batch.run = deriveId(run);
    batch.host.name = name;
    const ahead = at >= (life.set ?? -Infinity) ? (life.ahead ?? 0) : (life.aheadBefore ?? 0);
    batch.clock.wallNs = BOOTED_NS + BigInt(Math.round((at + ahead) * 1e9));
    made.push({ batch, receivedNs: BOOTED_NS + BigInt(Math.round((at + delay) * 1e9)) });
  }
  return made;
}

function runsOf(...lives: Life[]): HostRun[] {
  return lives.flatMap(readings).map(({ batch, receivedNs }) => runOf(batch, receivedNs));
}

const claiming = (...lives: Life[]): string[] => claimants(runsOf(...lives)).map(({ name }) => name);

describe('one key', () => {
  it('claimed by two hosts at the same time is noticed, and both are named', () => {
    const lives = [
      { from: 1000, to: 1300, name: 'a' },
      { from: 1105, to: 1400, booted: -5000, boot: 'other', run: 'other', name: 'b' },
    ];
    expect(claiming(...lives)).toEqual(['a', 'b']);
    expect(hostProblems(runsOf(...lives), 10_000)).toEqual([
      expect.stringMatching(
        /^2 hosts send under the id h at the same time: a \(boot .*\) and b \(boot .*machine-id\)$/,
      ),
    ]);
  });

  it('claimed by two agents of one host is noticed', () => {
    const lives = [
      { from: 1000, to: 1300 },
      { from: 1005, to: 1300, run: 'other' },
    ];
    expect(claiming(...lives)).toEqual(['a', 'a']);
    expect(hostProblems(runsOf(...lives), 10_000)).toEqual([expect.stringMatching(/^2 agents count this host/)]);
  });

  it.each<[string, Life[]]>([
    ['one agent', [{ from: 1000, to: 2000 }]],
    [
      'a restart of the agent',
      [
        { from: 1000, to: 1300 },
        { from: 1310, to: 1600, run: 'next' },
      ],
    ],
    [
      'an agent that is replaced while the old one ends',
      [
        { from: 1000, to: 1300 },
        { from: 1280, to: 1600, run: 'next' },
      ],
    ],
    [
      'a reboot',
      [
        { from: 1000, to: 1300 },
        { from: 1400, to: 1700, booted: 1350, boot: 'next', run: 'next' },
      ],
    ],
    [
      'a reboot after which the clock is an hour behind until it is set',
      [
        { from: 1000, to: 1300 },
        { from: 1400, to: 1700, booted: 1350, boot: 'next', run: 'next', aheadBefore: -3600, set: 1500 },
      ],
    ],
    [
      'a reboot of a host whose clock was an hour ahead until it was set',
      [
        { from: 1000, to: 1300, aheadBefore: 3600, set: 1200 },
        { from: 1400, to: 1700, booted: 1350, boot: 'next', run: 'next' },
      ],
    ],
    [
      'a host that changed its name',
      [
        { from: 1000, to: 1300 },
        { from: 1310, to: 1600, name: 'b' },
      ],
    ],
  ])('is not claimed twice by %s', (_, lives) => {
    expect(claiming(...lives)).toEqual([]);
  });

  it('gives the same whatever comes twice, late or in another order', () => {
    const lives = runsOf({ from: 1000, to: 1300 }, { from: 1100, to: 1400, boot: 'other', run: 'other', name: 'b' });
    const expected = mergeRunsBy(lives, runKey);
    fc.assert(
      fc.property(fc.shuffledSubarray([...lives, ...lives], { minLength: 2 * lives.length }), (shuffled) => {
        const gathered = mergeRunsBy(shuffled, runKey);
        expect(new Map([...gathered].sort())).toEqual(new Map([...expected].sort()));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the clock of a host', () => {
  it.each([
    [0, 0.1, -0.1, []],
    [3600, 0.1, 3599.9, [expect.stringContaining("3599.9 s ahead of the collector's; set it (NTP)") as string]],
    [-3600, 0.1, -3600.1, [expect.stringContaining('3600.1 s behind') as string]],
    [0, 30, -30, [expect.stringContaining('or its readings take that long to arrive') as string]],
  ])('that is %s s ahead and whose readings take %s s is told as %s s', (ahead, delay, seconds, problems) => {
    const runs = runsOf({ from: 1000, to: 1100, ahead, delay });
    expect(Number(clockAheadNs(runs)) / 1e9).toBeCloseTo(seconds, 6);
    expect(hostProblems(runs, 10_000)).toEqual(problems);
  });

  it('is judged by the freshest reading, so that an outage says nothing about it', () => {
    const late = runsOf({ from: 1000, to: 1100, delay: 5000 });
    expect(clockAheadNs([...late, ...runsOf({ from: 1110, to: 1110 })])).toBe(-SECOND / 10n);
    expect(clockAheadNs([])).toBeNull();
  });
});
