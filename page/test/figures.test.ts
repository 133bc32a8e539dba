/** Figures in words, in order, and over time: what is not known is never a number. */
import type { VmState } from '@tcewatch/protocol/vm-state';
import { describe, expect, it } from 'vitest';
import { merged } from '../src/api/alerts.js';
import type { Alert, FleetVm, Step } from '../src/api/answers.js';
import { countStates, list, listingOf } from '../src/filter.js';
import { rangeOf, stepsQuery, timeQuery, windowOf } from '../src/range.js';
import { plotSteps } from '../src/series.js';
import { alertWords, duration, figure, percent, rate, shareWords } from '../src/words.js';

const exact = { evidence: 'exact', reason: '' } as const;
const unobservable = { calls: null, evidence: 'unobservable', reason: 'real-mode-invisible' } as const;

describe('words', () => {
  it('say how a figure is known', () => {
    expect(figure({ calls: 15_435, ...exact })).toBe('15,435');
    expect(figure({ calls: 0, ...exact })).toBe('0');
    expect(figure({ calls: 0, evidence: 'absent' })).toBe('absent');
    expect(figure({ calls: 7, evidence: 'upper-bound' })).toBe('at most 7');
    expect(figure(unobservable)).toBe('unobservable');
  });

  it('give shares of what is known, and name what is not', () => {
    const virtual = { mode: 'virtual', calls: 999, ...exact } as const;
    const userspace = { mode: 'userspace', calls: 1, ...exact } as const;
    expect(shareWords([virtual, userspace])).toBe('virtual > 99 %, userspace < 1 %');
    expect(
      shareWords([
        { mode: 'real', ...unobservable },
        { ...virtual, calls: 0 },
      ]),
    ).toBe('no calls seen; real unobservable');
    expect([0, 0.001, 0.5, 0.999, 1].map(percent)).toEqual(['0 %', '< 1 %', '50 %', '> 99 %', '100 %']);
  });

  it('are short', () => {
    expect([0, 0.001, 0.25, 3.14, 1234.5].map(rate)).toEqual(['0', '< 0.01', '0.25', '3.1', '1,235']);
    expect([0, 59.6, 251, 3600, 90_061].map(duration)).toEqual(['0 s', '1 min', '4 min 11 s', '1 h', '1 d 1 h']);
    expect(alertWords('TceAccelerationLost')).toBe('Acceleration lost');
  });
});

function vm(name: string, state: VmState, punted: number, hostName = 'h1'): FleetVm {
  return {
    host: { id: hostName, name: hostName },
    life: name,
    vm: name,
    uuid: '',
    state,
    readAt: '2026-11-22T12:00:00.000Z',
    seconds: 100,
    callsPerSecond: punted,
    modes: [{ mode: 'userspace', calls: punted, ...exact }],
    alert: null,
  };
}

describe('the list of VMs', () => {
  const fleet = [
    vm('vm10', 'accelerated', 0),
    vm('vm2', 'idle', 0, 'h2'),
    vm('bad', 'fallback', 9),
    vm('worse', 'fallback', 90),
  ];
  const names = (query: Record<string, string>) => list(fleet, listingOf(query)).map(({ vm }) => vm);

  it('has the gravest first, and the worst of those', () => {
    expect(names({})).toEqual(['worse', 'bad', 'vm2', 'vm10']);
  });

  it('is sorted as people count', () => {
    expect(names({ sort: 'vm' })).toEqual(['bad', 'vm2', 'vm10', 'worse']);
    expect(names({ sort: 'host' })).toEqual(['bad', 'vm10', 'worse', 'vm2']);
    expect(names({ sort: 'nonsense' })).toEqual(names({}));
  });

  it('is filtered by state and by what is in a name', () => {
    expect(names({ state: 'fallback' })).toEqual(['worse', 'bad']);
    expect(names({ q: ' H2' })).toEqual(['vm2']);
    expect(names({ q: 'nobody' })).toEqual([]);
    expect(countStates(fleet)).toMatchObject({ fallback: 2, idle: 1, silent: 0 });
  });
});

describe('alerts that the collector tells of', () => {
  const alert = (alertId: string, revision: number, firedAt = '2026-11-22T12:00:00.000Z'): Alert =>
    ({ alertId, revision, firedAt }) as Alert;
  const names = (alerts: Alert[]) => alerts.map(({ alertId, revision }) => `${alertId}${revision}`);

  it('are the newest first, each as it was told last, whatever comes twice or late', () => {
    const known = merged([], [alert('a', 1), alert('b', 0, '2026-11-22T12:00:01.000Z')]);
    expect(names(known)).toEqual(['b0', 'a1']);
    expect(names(merged(known, [alert('a', 0), alert('b', 1, '2026-11-22T12:00:01.000Z'), alert('b', 0)]))).toEqual([
      'b1',
      'a1',
    ]);
    expect(names(merged(known, [alert('c', 0, '2026-11-22T12:00:02.000Z')]))).toEqual(['c0', 'b0', 'a1']);
  });
});

describe('time ranges', () => {
  const readAt = '2026-11-22T12:08:05.000Z';

  it('end with the step in which the host was last read, and begin no earlier than the VM', () => {
    const started = '2026-11-22T12:00:07.000Z';
    const window = windowOf('1h', started, readAt, 2);
    expect(stepsQuery(window)).toBe('from=2026-11-22T12:00:05.000Z&to=2026-11-22T12:08:10.000Z&step=5s');
    expect(timeQuery('1h', window)).toBe('from=2026-11-22T12:00:05.000Z&to=2026-11-22T12:08:10.000Z');
    expect(timeQuery('all', window)).toBe('');
  });

  it('have no more steps than a screen shows, and none shorter than two readings', () => {
    for (const range of ['15m', '1h', '6h', '24h', '7d', '30d', 'all']) {
      const { from, to, step } = windowOf(rangeOf(range), '2016-01-01T00:00:00.000Z', readAt, 10);
      expect((to - from) / step).toBeLessThanOrEqual(242);
      expect(step).toBeGreaterThanOrEqual(20);
    }
    expect(rangeOf('constructor')).toBe('1h');
  });
});

describe('the plot', () => {
  const step = (seconds: number, read: boolean, punted: number, real: number | null = 0): Step => ({
    at: new Date(seconds * 1000).toISOString(),
    read,
    hypercall: 'H_PUT_TCE',
    entries: null,
    modes: [
      { mode: 'real', calls: real, entries: null, ...exact },
      { mode: 'virtual', calls: 0, entries: null, ...exact },
      { mode: 'userspace', calls: punted, entries: null, ...exact },
    ],
  });

  it('has a gap where the host was not read, and no peak after it', () => {
    const plotted = plotSteps([step(0, true, 100), step(10, false, 0), step(20, false, 0), step(30, true, 300)], 10);
    expect(plotted.map(({ rates }) => rates.userspace)).toEqual([10, null, null, 10]);
    expect(plotted.map(({ read }) => read)).toEqual([true, false, false, true]);
  });

  it('sums hypercalls, and knows a mode only where it is known of all of them', () => {
    const other = (row: Step): Step => ({ ...row, hypercall: 'H_STUFF_TCE' });
    const rows = [step(0, true, 10), other(step(0, true, 30)), step(10, true, 0, null), other(step(10, true, 0))];
    expect(plotSteps(rows, 10).map(({ rates }) => [rates.real, rates.userspace])).toEqual([
      [0, 4],
      [null, 0],
    ]);
    expect(plotSteps(rows, 10, 'H_STUFF_TCE').map(({ rates }) => rates.real)).toEqual([0, 0]);
  });
});
