import { BOOTED_NS, HPT, PR, RADIX, SECOND, batchOf, lifeOf } from '@tcewatch/testing/batches';
import type { TestVm } from '@tcewatch/testing/batches';
import { describe, expect, it } from 'vitest';
import { ESTIMATE, createDetector } from '../../src/alerts/index.js';
import type { AlertEvent } from '../../src/alerts/event.js';

function put(entered: number, punted: number): NonNullable<TestVm['counts']> {
  return { H_PUT_TCE: { entered, punted } };
}

/** Batches ten seconds apart of one VM; an element is what the VM is in that batch, null leaves it out. */
function run(steps: (Omit<TestVm, 'name'> | null)[], detector = createDetector()): AlertEvent[] {
  return steps.flatMap((vm, i) => {
    return detector.observe(batchOf({ uptime: 100 + 10 * i, vms: vm ? [{ name: 'a', ...vm }] : [] }));
  });
}

function told(events: readonly AlertEvent[]): string[] {
  return events.map(({ state, atNs, cause }) => `${state} at ${Number((atNs - BOOTED_NS) / SECOND)} s: ${cause.code}`);
}

describe('an alert about the calls of a VM', () => {
  it('fires when punts have held for ten seconds after the reading that showed them', () => {
    const events = run([0, 100, 200].map((calls) => ({ counts: put(calls, calls) })));
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      alert: 'TceNeverAccelerated',
      state: 'firing',
      revision: 0,
      firedAtNs: BOOTED_NS + 120n * SECOND,
      resolvedAtNs: null,
      vm: { life: lifeOf('a'), name: 'a', uuid: '' },
      hostName: 'h.example',
      cause: { code: 'unknown' },
      evidence: { calls: { entered: 200, punted: 200, seconds: 20 }, before: null, after: null },
    });
  });

  it('does not take what the first batch says for an interval', () => {
    expect(run([5000, 5000, 5000].map((calls) => ({ counts: put(calls, calls) })))).toEqual([]);
  });

  it('takes the first counts of a VM that the batch before did not have as made since then', () => {
    expect(told(run([null, { counts: put(100, 100) }, { counts: put(200, 200) }]))).toEqual([
      'firing at 120 s: unknown',
    ]);
  });

  it.each([
    ['share', [0, 1, 2, 3, 4, 5].map((i) => ({ counts: put(1000 * i, 99 * i) }))],
    ['rate', [0, 1, 2, 3, 4, 5].map((i) => ({ counts: put(9 * i, 9 * i) }))],
  ])('does not fire below the least %s', (_, steps) => {
    expect(run(steps)).toEqual([]);
  });

  it('does not fire for a burst, nor for bursts with healthy calls between them', () => {
    const [calls, punts] = [
      [0, 500, 1500, 2000, 3000],
      [0, 500, 500, 1000, 1000],
    ];
    expect(run(calls.map((entered, i) => ({ counts: put(entered, punts[i] ?? 0) })))).toEqual([]);
  });

  it('does not fire for single punts, however short the intervals that they fall into', () => {
    // As in the recording of every way a call can end: an unknown LIOBN goes to userspace on a healthy VM too.
    const detector = createDetector();
    const events = Array.from({ length: 300 }, (_, second) => {
      const calls = Math.floor(second / 5);
      return detector.observe(batchOf({ uptime: 100 + second, vms: [{ name: 'a', counts: put(calls, calls) }] }));
    });
    expect(events.flat()).toEqual([]);
  });

  it('takes silence between punts neither for health nor for time that they held', () => {
    const silence = [1, 1, 1, 1];
    const steps = [0, ...silence, 2].map((i) => ({ counts: put(100 * i, 100 * i) }));
    expect(told(run(steps))).toEqual(['firing at 150 s: unknown']);
    const long = [0, ...silence, ...silence, 2].map((i) => ({ counts: put(100 * i, 100 * i) }));
    expect(run(long)).toEqual([]);
  });

  it.each([
    ['healthy calls', (i: number) => put(300 + 100 * i, 300)],
    ['silence', () => put(300, 300)],
  ])('resolves after a minute of %s, not before', (_, counts) => {
    const punts = [0, 100, 200, 300].map((calls) => ({ counts: put(calls, calls) }));
    const after = [1, 2, 3, 4, 5, 6].map((i) => ({ counts: counts(i) }));
    expect(told(run([...punts, ...after.slice(0, -1)]))).toEqual(['firing at 120 s: unknown']);
    const events = run([...punts, ...after]);
    expect(told(events)).toEqual(['firing at 120 s: unknown', 'resolved at 190 s: unknown']);
    expect(events[1]).toMatchObject({ revision: 1, resolvedAtNs: events[1]?.atNs, alertId: events[0]?.alertId });
  });

  it('stays one alert while punts come and go within a minute', () => {
    const calls = [0, 100, 200, 200, 200, 300, 300, 400, 400];
    expect(told(run(calls.map((n) => ({ counts: put(n, n) }))))).toEqual(['firing at 120 s: unknown']);
  });

  it.each([
    ['has ended', { ended: true, counts: put(200, 200) }],
    ['is gone', null],
  ])('resolves at once when the life %s, and never again', (_, last) => {
    const punts = [0, 100, 200].map((calls) => ({ counts: put(calls, calls) }));
    const events = run([...punts, last, last, last]);
    expect(told(events)).toEqual(['firing at 120 s: unknown', 'resolved at 130 s: unknown']);
  });

  it('goes on through a new epoch, whose counters begin at zero', () => {
    const detector = createDetector();
    const batches = [
      { uptime: 100, calls: 0, epoch: '1' },
      { uptime: 110, calls: 900, epoch: '1' },
      { uptime: 120, calls: 100, epoch: '2' },
      { uptime: 130, calls: 200, epoch: '2' },
    ].map(({ uptime, calls, epoch }) => batchOf({ uptime, epoch, vms: [{ name: 'a', counts: put(calls, calls) }] }));
    expect(told(batches.flatMap((batch) => detector.observe(batch)))).toEqual(['firing at 130 s: unknown']);
  });
});

describe('the time that an alert says was lost', () => {
  /** Of a VM whose punts took 300 us each. */
  const timed = (calls: number, trips = calls) => ({
    counts: put(calls, calls),
    latencies: [
      { span: 'handled' as const, bucket: 6, calls: 1000 * calls, totalUs: 50_000 * calls },
      { span: 'round_trip' as const, bucket: 9, calls: trips, totalUs: 300 * trips },
      { span: 'round_trip' as const, bucket: 10, calls: 0, totalUs: 0 },
    ],
  });
  const lost = (steps: Parameters<typeof run>[0]) =>
    run(steps).map(({ impact }) => (impact?.known === 'measured' ? impact.lostMsPerSecond : impact?.known));

  it('is that of the round trips, in each second of the time that made it fire', () => {
    // 1,000 calls were made before; 300 us of each of 200 calls in 20 s.
    expect(lost([1000, 1100, 1200].map((calls) => timed(calls)))).toEqual([(200 * 0.3) / 20]);
  });

  it.each([
    ['at no time', [0, 100, 200].map((calls) => ({ counts: put(calls, calls) }))],
    ['not at first', [{ counts: put(0, 0) }, timed(100), timed(200)]],
    ['not at one reading', [timed(0), { counts: put(100, 100) }, timed(200)]],
    ['of calls in the kernel alone', [0, 100, 200].map((calls) => timed(calls, 0))],
  ])('is left out where times were measured %s', (_, steps) => {
    const events = run(steps);
    expect(events).toHaveLength(1);
    expect(events[0]?.impact).toEqual(ESTIMATE);
  });

  it('stays what it was in the events that follow, and through a restart', () => {
    const steps = [0, 100, 200].map((calls) => timed(calls));
    const [fired] = run(steps);
    const detector = createDetector();
    detector.restore([fired!]);
    const later = [batchOf({ uptime: 130, vms: [{ name: 'a', ...timed(300) }] }), batchOf({ uptime: 140, vms: [] })];
    const [resolved] = later.flatMap((batch) => detector.observe(batch));
    expect(resolved).toMatchObject({
      state: 'resolved',
      impact: { known: 'measured', lostMsPerSecond: (200 * 0.3) / 20 },
    });
  });
});

describe('an alert where real mode cannot be observed', () => {
  it('does not take the share of what is seen for a share of all calls', () => {
    // As in the recording of Linux 5.10: a healthy HPT guest shows nothing but the calls that real mode could not do.
    const steps = [0, 1, 2, 3, 4, 5].map((i) => ({ counts: put(20 * i, 20 * i), evidence: HPT }));
    expect(run(steps)).toEqual([]);
  });

  it('fires at a rate that no healthy VM has', () => {
    const steps = [0, 1, 2].map((i) => ({ counts: put(1000 * i, 1000 * i), evidence: HPT }));
    expect(told(run(steps))).toEqual(['firing at 120 s: unknown']);
  });

  it('knows the share where the guest counts what it issues', () => {
    const evidence = HPT.map((known) => (known.mode === 'real' ? { ...known, evidence: 'derived' as const } : known));
    const counts = (i: number, issued: number) => ({ H_PUT_TCE: { entered: 20 * i, punted: 20 * i, issued } });
    const steps = [0, 1, 2, 3];
    expect(run(steps.map((i) => ({ counts: counts(i, 1000 * i), evidence })))).toEqual([]);
    expect(told(run(steps.map((i) => ({ counts: counts(i, 20 * i), evidence }))))).toEqual([
      'firing at 120 s: unknown',
    ]);
  });

  it('does not fire on an upper bound, even where the kernel serves no table', () => {
    // On KVM PR none of these need be a TCE hypercall: a guest may read the clock or write to its console.
    const descriptors = { tceTables: 0, vfioGroups: [1] };
    const steps = (evidence: typeof PR) =>
      [0, 1, 2, 3].map((i) => ({ counts: put(9000 * i, 9000 * i), evidence, descriptors }));
    expect(run(steps(PR))).toEqual([]);
    expect(run(steps(RADIX))).not.toEqual([]);
  });
});

describe('causes', () => {
  const accelerated = { tceTables: 2, vfioGroups: [] };
  const plugged = { tceTables: 1, vfioGroups: [2] };
  const steps = (descriptors: (TestVm['descriptors'] | null)[]) =>
    descriptors.map((seen, i) => ({ counts: put(100 * i, 100 * i), ...(seen && { descriptors: seen }) }));

  it('names a VM without a table in the kernel', () => {
    const none = { tceTables: 0, vfioGroups: [] };
    expect(told(run(steps([none, none, none])))).toEqual(['firing at 120 s: no-in-kernel-table']);
  });

  it('sharpens while the alert fires, when the table is seen to be gone', () => {
    const events = run(steps([accelerated, accelerated, accelerated, plugged, plugged]));
    expect(told(events)).toEqual(['firing at 120 s: unknown', 'firing at 130 s: table-left-kernel-vfio']);
    expect(events[1]).toMatchObject({
      alertId: events[0]?.alertId,
      revision: 1,
      firedAtNs: events[0]?.firedAtNs,
      evidence: {
        before: { ...accelerated, observedAtNs: BOOTED_NS + 100n * SECOND },
        after: { ...plugged, observedAtNs: BOOTED_NS + 130n * SECOND },
      },
    });
  });

  it('remembers the table that left before the punts began', () => {
    const quiet = [accelerated, plugged, plugged].map((descriptors) => ({ counts: put(0, 0), descriptors }));
    expect(told(run([...quiet, ...steps([null, null, null]).slice(1)]))).toEqual([
      'firing at 140 s: table-left-kernel-vfio',
    ]);
  });

  it('tells a table that left without a new device', () => {
    const left = { tceTables: 1, vfioGroups: [] };
    expect(told(run(steps([accelerated, left, left])))).toEqual(['firing at 120 s: table-left-kernel']);
  });

  it('keeps a cause when later evidence tells less', () => {
    const unplugged = { tceTables: 1, vfioGroups: [] };
    expect(told(run(steps([accelerated, plugged, plugged, unplugged, unplugged])))).toEqual([
      'firing at 120 s: table-left-kernel-vfio',
    ]);
  });
});

describe('what comes late, twice or after a restart', () => {
  const batches = [0, 1, 2, 3, 4].map((i) =>
    batchOf({ uptime: 100 + 10 * i, vms: [{ name: 'a', counts: put(100 * i, 100 * i) }] }),
  );

  it('ignores batches that are not newer than the last', () => {
    const detector = createDetector();
    const events = [...batches, ...batches, ...batches.toReversed()].flatMap((batch) => detector.observe(batch));
    expect(told(events)).toEqual(['firing at 120 s: unknown']);
  });

  it('ends the alerts of a boot with the next boot, whatever the clock said before', () => {
    const detector = createDetector();
    batches.forEach((batch) => detector.observe(batch));
    const rebooted = batchOf({ uptime: 1, boot: 'next', vms: [] });
    expect(told(detector.observe(rebooted))).toEqual(['resolved at 120 s: unknown']);
  });

  it('goes on with a restored alert and resolves it under the same id', () => {
    const [fired] = run([0, 100, 200].map((calls) => ({ counts: put(calls, calls) })));
    if (!fired) throw new Error('nothing fired');
    const detector = createDetector();
    detector.restore([fired]);
    // Whichever collector hears of the host counts it.
    expect(detector.size()).toEqual({ hosts: 1, lives: 1, firing: 0 });
    const late = batchOf({ uptime: 90, vms: [] });
    const later = [130, 140].map((uptime) => batchOf({ uptime, vms: [{ name: 'a', counts: put(uptime, uptime) }] }));
    expect([late, ...later].flatMap((batch) => detector.observe(batch))).toEqual([]);
    const [resolved] = detector.observe(batchOf({ uptime: 150, vms: [{ name: 'a', ended: true }] }));
    expect(resolved).toMatchObject({ alertId: fired.alertId, state: 'resolved', revision: 1 });
  });

  it('forgets the host that was silent longest, and resolves its alerts', () => {
    const detector = createDetector(undefined, 2);
    batches.forEach((batch) => detector.observe(batch));
    const other = batchOf({ uptime: 200, host: 'other', vms: [] });
    expect(told(detector.observe(other))).toEqual(['resolved at 140 s: unknown']);
    expect(detector.size()).toEqual({ hosts: 1, lives: 0, firing: 0 });
  });
});
