/** Alerts about a host that its batches make. */
import { batchOf } from '@tcewatch/testing/batches';
import type { TestBatch } from '@tcewatch/testing/batches';
import { describe, expect, it } from 'vitest';
import { createDetector } from '../../src/alerts/index.js';
import type { AlertEvent } from '../../src/alerts/event.js';

const told = (events: readonly AlertEvent[]) =>
  events.map(({ alert, state, revision }) => `${alert} ${state} ${revision}`);

describe('TceCountsIncomplete', () => {
  /** Ten seconds apart; events lost so far. */
  function run(lost: number[], detector = createDetector(), first = 100): AlertEvent[] {
    return lost.flatMap((events, i) =>
      detector.observe(
        batchOf({
          uptime: first + 10 * i,
          vms: [],
          accounts: [{ counter: 'entered', seen: 10_000 * i, losses: [{ kind: 'table-full', events }] }],
        }),
      ),
    );
  }

  it('fires when losses have grown for a while, and names the kind', () => {
    const events = run([5, 15, 40]);
    expect(events).toMatchObject([
      { alert: 'TceCountsIncomplete', severity: 'warning', vm: null, impact: null, cause: { code: 'lost-table-full' } },
    ]);
    expect(events[0]?.evidence.facts.join()).toContain('35');
  });

  it.each([
    ['what the first batch says', [5000, 5000, 5000]],
    ['one loss', [0, 70, 70, 70, 70, 70, 70, 70, 70]],
  ])('does not fire for %s', (_, lost) => {
    expect(run(lost)).toEqual([]);
  });

  it('resolves when nothing was lost for a minute', () => {
    expect(told(run([0, 1, 2, 2, 2, 2, 2, 2]))).toEqual(['TceCountsIncomplete firing 0']);
    expect(told(run([0, 1, 2, 2, 2, 2, 2, 2, 2]))).toEqual([
      'TceCountsIncomplete firing 0',
      'TceCountsIncomplete resolved 1',
    ]);
  });

  it('goes on after a restart, and resolves', () => {
    const detector = createDetector();
    detector.restore(run([0, 1, 2]));
    expect(told(run([3, 4, 4, 4, 4, 4, 4], detector, 200))).toEqual([]);
    expect(told(run([4, 4], detector, 270))).toEqual(['TceCountsIncomplete resolved 1']);
  });
});

describe('TceDuplicateIdentity', () => {
  /** Each pair is one reading: which agent, and when. */
  function run(readings: [agent: Pick<TestBatch, 'boot' | 'run'>, uptime: number][]): AlertEvent[] {
    const detector = createDetector();
    return readings.flatMap(([agent, uptime]) => detector.observe(batchOf({ ...agent, uptime, vms: [] })));
  }
  const times = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => 1000 + 10 * i);

  it('fires once for two agents on one host', () => {
    const events = run(
      times.flatMap((at) => [[{ run: 'a' }, at] as const, [{ run: 'b' }, at + 1] as const]).map(([a, b]) => [a, b]),
    );
    expect(told(events)).toEqual(['TceDuplicateIdentity firing 0']);
    expect(events[0]?.cause.code).toBe('two-agents-one-host');
  });

  it('fires for two hosts under one id', () => {
    const events = run(
      times.flatMap((at) => [[{ boot: 'a' }, at] as const, [{ boot: 'b' }, at + 1] as const]).map(([a, b]) => [a, b]),
    );
    expect(told(events)).toEqual(['TceDuplicateIdentity firing 0']);
    expect(events[0]?.cause.code).toBe('two-hosts-one-id');
  });

  it('does not fire for an agent that was restarted', () => {
    expect(run(times.map((at, i) => [{ run: i < 5 ? 'a' : 'b' }, at]))).toEqual([]);
  });

  it('resolves once one alone has spoken for long enough', () => {
    const both = times.flatMap((at) => [[{ run: 'a' }, at] as const, [{ run: 'b' }, at + 1] as const]);
    const later = [1, 2, 3].map((i) => [{ run: 'a' }, 1100 + 600 * i] as const);
    expect(told(run([...both, ...later].map(([a, b]) => [a, b])))).toEqual([
      'TceDuplicateIdentity firing 0',
      'TceDuplicateIdentity resolved 1',
    ]);
  });

  it('goes on after a restart, until it is known again who claims the id', () => {
    const both = times.flatMap((at) => [[{ run: 'a' }, at] as const, [{ run: 'b' }, at + 1] as const]);
    const alone = (...uptimes: number[]) => uptimes.map((uptime) => batchOf({ run: 'a', uptime, vms: [] }));
    const detector = createDetector();
    detector.restore(run(both.map(([a, b]) => [a, b])));
    const events = alone(1100, 1700, 2290).flatMap((batch) => detector.observe(batch));
    expect(events).toEqual([]);
    expect(told(alone(2310).flatMap((batch) => detector.observe(batch)))).toEqual(['TceDuplicateIdentity resolved 1']);
  });
});

describe('while two hosts report under one id', () => {
  /** Of the one the VM falls back, of the other the VM is healthy and reports more seldom. */
  const falling = (at: number) =>
    batchOf({
      boot: 'a',
      uptime: at,
      vms: [{ name: 'a', counts: { H_PUT_TCE: { entered: 10 * at, punted: 10 * at } } }],
    });
  const healthy = (at: number) =>
    batchOf({ boot: 'b', uptime: at, vms: [{ name: 'b', counts: { H_PUT_TCE: { entered: 10 * at, punted: 0 } } }] });
  const every = (step: number, from: number, until: number) =>
    Array.from({ length: Math.ceil((until - from) / step) }, (_, i) => from + i * step);
  const mixed = (until: number) =>
    [...every(10, 1000, until).map(falling), ...every(40, 1005, until).map(healthy)].sort((a, b) =>
      Number(a.clock.uptimeNs - b.clock.uptimeNs),
    );

  it('alerts of their VMs neither fire nor resolve', () => {
    const detector = createDetector();
    const events = mixed(1600).flatMap((batch) => detector.observe(batch));
    const duplicate = events.findIndex(({ alert }) => alert === 'TceDuplicateIdentity');
    expect(told(events.slice(duplicate - 1))).toEqual([
      'TceNeverAccelerated firing 0',
      'TceDuplicateIdentity firing 0',
    ]);
    expect(detector.size().firing).toBe(2);
    // Of one host alone they go on where they were.
    const alone = every(10, 1600, 3000).flatMap((at) => detector.observe(falling(at)));
    expect(told(alone)).toEqual(['TceDuplicateIdentity resolved 1']);
    expect(told(detector.observe(batchOf({ boot: 'a', uptime: 3000, vms: [] })))).toEqual([
      'TceNeverAccelerated resolved 1',
    ]);
  });

  it('of a VM that is gone with the other host the alert resolves once one speaks alone', () => {
    const detector = createDetector();
    mixed(1600).forEach((batch) => detector.observe(batch));
    const alone = every(10, 1600, 3000).flatMap((at) => detector.observe(healthy(at)));
    expect(told(alone)).toEqual(['TceDuplicateIdentity resolved 1', 'TceNeverAccelerated resolved 1']);
  });
});
