/** One VM by LIOBN: severity, evidence, and which of the two alerts. */
import { BOOTED_NS, SECOND, batchOf } from '@tcewatch/testing/batches';
import type { TestVm } from '@tcewatch/testing/batches';
import { describe, expect, it } from 'vitest';
import { createDetector } from '../../src/alerts/index.js';
import type { AlertEvent } from '../../src/alerts/event.js';

/** Batches ten seconds apart; null: the VM is not there yet. */
function run(vms: (Omit<TestVm, 'name'> | null)[]): AlertEvent[] {
  const detector = createDetector();
  return vms.flatMap((vm, i) =>
    detector.observe(batchOf({ uptime: 100 + 10 * i, vms: vm ? [{ name: 'a', ...vm }] : [] })),
  );
}

/** A VM with one busy LIOBN in the kernel, and one with few calls of which some fall back. */
const two = (i: number, share = 1) => ({
  liobns: {
    '80000000': { entered: 100_000 * i, punted: 10 * i },
    '71000002': { entered: 100 * i, punted: 100 * share * i },
  },
});

describe('where punts are known by LIOBN', () => {
  it('one that falls back makes one alert of the VM, though another has far more calls', () => {
    const events = run([0, 1, 2, 3, 4, 5].map((i) => two(i)));
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ alert: 'TceAccelerationLost', severity: 'critical', vm: { name: 'a' } });
    const { calls } = events[0]!.evidence;
    expect(calls?.liobns).toEqual([{ liobn: '71000002', entered: 200, punted: 200 }]);
    expect(calls?.hypercalls).toEqual({ H_PUT_TCE: { entered: calls?.entered, punted: calls?.punted } });
    expect(calls!.entered).toBeGreaterThan(200_000);
  });

  it('sharpens the cause while the alert fires, once, with the calls by then', () => {
    const descriptors = { tceTables: 1, vfioGroups: [] };
    const unknown = [0, 1, 2].map((i) => ({
      counts: { H_PUT_TCE: { entered: 1000 * i, punted: 500 * i } },
      descriptors,
    }));
    const known = [3, 4, 5, 6].map((i) => ({
      liobns: {
        '80000000': { entered: 500 * i, punted: 0 },
        '71000002': { entered: 500 * i, punted: 500 * i },
      },
      descriptors,
    }));
    const events = run([...unknown, ...known]);
    expect(events.map(({ revision, severity, cause }) => `${revision} ${severity}: ${cause.code}`)).toEqual([
      '0 warning: unknown',
      '1 warning: liobn-without-table',
      '2 critical: liobn-without-table',
    ]);
    expect(events[0]?.evidence.calls).toMatchObject({ entered: 2000, punted: 1000, seconds: 20, liobns: [] });
    // The first reading with the LIOBN is its base.
    const liobns = [{ liobn: '71000002', entered: 500, punted: 500 }];
    expect(events[1]?.evidence.calls).toMatchObject({ entered: 4000, punted: 2000, seconds: 40, liobns });
    expect(events[1]?.evidence.facts.join()).toContain('0x71000002');
    // What is known of the calls goes on after a restart.
    const detector = createDetector();
    detector.restore(events.slice(0, 1));
    const later = known.flatMap((vm, i) =>
      detector.observe(batchOf({ uptime: 130 + 10 * i, vms: [{ name: 'a', ...vm }] })),
    );
    expect(later.slice(0, 1)).toMatchObject([{ revision: 1, cause: { code: 'liobn-without-table' } }]);
  });

  it('loses nothing of a VM that falls back from its first reading on', () => {
    // The batch before did not have the VM: its LIOBNs began at zero, like all that it counts.
    const events = run([null, two(1), two(2)]);
    expect(events).toMatchObject([{ alert: 'TceAccelerationLost', firedAtNs: BOOTED_NS + 120n * SECOND }]);
    expect(events[0]?.evidence.calls?.liobns).toEqual([{ liobn: '71000002', entered: 200, punted: 200 }]);
  });

  it('takes the first punts of a LIOBN for its base, and loses one reading by that', () => {
    const healthy = { liobns: { '80000000': { entered: 100_000, punted: 10 } } };
    const events = run([healthy, two(2), two(3), two(4)]);
    expect(events).toMatchObject([{ alert: 'TceAccelerationLost', firedAtNs: BOOTED_NS + 130n * SECOND }]);
    expect(events[0]?.evidence.calls?.liobns).toEqual([{ liobn: '71000002', entered: 200, punted: 200 }]);
  });

  it('is TceNeverAccelerated of a VM none of whose LIOBNs was handled since its first reading', () => {
    const never = (i: number) => ({
      liobns: {
        '80000000': { entered: 50 * i, punted: 50 * i },
        '71000002': { entered: 20 * i, punted: 20 * i },
      },
    });
    expect(run([null, never(1), never(2)])).toMatchObject([
      { alert: 'TceNeverAccelerated', severity: 'critical', firedAtNs: BOOTED_NS + 120n * SECOND },
    ]);
  });

  it('is not seen where they are not', () => {
    const sum = (i: number) => ({ counts: { H_PUT_TCE: { entered: 100_100 * i, punted: 110 * i } } });
    expect(run([0, 1, 2, 3, 4, 5].map(sum))).toEqual([]);
  });
});

describe('severity', () => {
  const put = (entered: number, punted: number) => ({ counts: { H_PUT_TCE: { entered, punted } } });

  it('is that of a share', () => {
    expect(run([0, 1, 2].map((i) => put(1000 * i, 500 * i)))).toMatchObject([{ severity: 'warning', revision: 0 }]);
    expect(run([0, 1, 2].map((i) => put(1000 * i, 950 * i)))).toMatchObject([{ severity: 'critical', revision: 0 }]);
  });

  it('rises by a revision once it has held, and never falls', () => {
    const warning = [0, 1, 2, 3].map((i) => put(1000 * i, 500 * i));
    const critical = [1, 2, 3].map((i) => put(3000 + 1000 * i, 1500 + 1000 * i));
    const again = [1, 2, 3].map((i) => put(6000 + 1000 * i, 4500 + 500 * i));
    const events = run([...warning, ...critical, ...again]);
    expect(events.map(({ severity, revision }) => `${revision} ${severity}`)).toEqual(['0 warning', '1 critical']);
    expect(events[1]?.alertId).toBe(events[0]?.alertId);
  });

  it('does not rise for one bad interval', () => {
    const calls = [0, 500, 1000, 2000, 2500, 3000].map((punted, i) => put(1000 * i, punted));
    expect(run(calls)).toHaveLength(1);
  });
});

describe('hysteresis', () => {
  const put = (entered: number, punted: number) => ({ counts: { H_PUT_TCE: { entered, punted } } });
  const fallen = [0, 1, 2].map((i) => put(1000 * i, 500 * i));
  const after = (punts: number) => [1, 2, 3, 4, 5, 6, 7].map((i) => put(2000 + 1000 * i, 1000 + punts * i));

  it('keeps an alert at a share that would not fire', () => {
    expect(run([...fallen, ...after(70)])).toHaveLength(1);
    expect(run([put(0, 0), ...after(70).map((_, i) => put(1000 * (i + 1), 70 * (i + 1)))])).toEqual([]);
  });

  it('resolves below it', () => {
    expect(run([...fallen, ...after(40)]).map(({ state }) => state)).toEqual(['firing', 'resolved']);
  });
});

describe('which alert', () => {
  it.each([
    ['TceAccelerationLost', 'was handled before', [put(9000, 0), put(9000, 0), put(9100, 100), put(9200, 200)]],
    ['TceNeverAccelerated', 'was never handled', [put(9000, 9000), put(9100, 9100), put(9200, 9200)]],
    ['TceNeverAccelerated', 'was under way', [put(9003, 9000), put(9103, 9100), put(9203, 9200)]],
  ])('%s where a call %s', (alert, _, vms) => {
    expect(run(vms)).toMatchObject([{ alert }]);
  });

  function put(entered: number, punted: number) {
    return { counts: { H_PUT_TCE: { entered, punted } } };
  }
});
