import { latencyRow, seriesRow } from '@tcewatch/protocol';
import type { Counter } from '@tcewatch/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { advance } from '../../src/ledger/advance.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../src/ledger/state.js';
import type { LedgerCaps, LedgerSnapshot } from '../../src/ledger/state.js';
import type { Reading } from '../../src/model.js';
import { ModelHost, actions, changesOwners } from './model-host.js';
import type { Action } from './model-host.js';

/** Values by `life counter hypercall liobn`, `other` for what a cap folded. */
function rowsOf({ vms, series }: LedgerSnapshot): Map<string, number> {
  return new Map(
    Array.from({ length: series.length }, (_, i) => {
      const { vm, counter, hypercall, scope, liobn, value } = seriesRow(series, i);
      return [`${vms[vm]?.life} ${counter} ${hypercall} ${scope === 'other' ? scope : liobn}`, value] as const;
    }),
  );
}

/** Microseconds by `life span hypercall bucket`. */
function timesOf({ vms, latencies }: LedgerSnapshot): Map<string, number> {
  return new Map(
    Array.from({ length: latencies.length }, (_, i) => {
      const { vm, span, hypercall, bucket, totalUs } = latencyRow(latencies, i);
      return [`${vms[vm]?.life} ${span} ${hypercall} ${bucket}`, totalUs] as const;
    }),
  );
}

function sumOf(rows: ReadonlyMap<string, number>, counter: Counter): number {
  return [...rows].reduce((sum, [label, value]) => sum + (label.includes(` ${counter} `) ? value : 0), 0);
}

function snapshotsOf(readings: readonly Reading[], caps: Readonly<LedgerCaps> = DEFAULT_CAPS): LedgerSnapshot[] {
  let state = emptyLedger();
  return readings.map((reading) => {
    state = advance(state, reading, caps);
    return snapshot(state);
  });
}

/** Reads where the history says so, and at its end. */
function readAsTold(history: readonly Action[]): Reading[] {
  const host = new ModelHost();
  const readings: Reading[] = [];
  for (const action of history) {
    host.apply(action);
    if (action.do === 'read') readings.push(host.reading());
  }
  return [...readings, host.reading()];
}

/** The history with a reading before and after each change of owners, so that every call has its true owner. */
function readAroundChanges(history: readonly Action[]): Action[] {
  const read = { do: 'read' } as const;
  return history.flatMap((action) => (changesOwners(action) ? [read, action, read] : [action]));
}

it('credits each VM with its own calls, whatever becomes of threads, VMs and epochs', () => {
  fc.assert(
    fc.property(actions, (history) => {
      const host = new ModelHost();
      const readings = readAroundChanges(history).flatMap((action) => {
        host.apply(action);
        return action.do === 'read' ? [host.reading()] : [];
      });
      const last = snapshotsOf([...readings, host.reading()]).at(-1);
      expect(last && rowsOf(last)).toEqual(host.truth);
      expect(last && timesOf(last)).toEqual(host.times);
    }),
    { numRuns: 300 },
  );
});

it('counts every call once, also when owners change unseen', () => {
  fc.assert(
    fc.property(actions, (history) => {
      const readings = readAsTold(history);
      const snapshots = snapshotsOf(readings);
      readings.forEach(({ accounts }, i) => {
        const rows = rowsOf(snapshots[i] ?? expect.fail());
        for (const { counter, seen } of accounts) expect(sumOf(rows, counter)).toBe(seen);
      });
    }),
    { numRuns: 300 },
  );
});

it('only grows, in each series of an epoch', () => {
  fc.assert(
    fc.property(actions, (history) => {
      const snapshots = snapshotsOf(readAsTold(history));
      snapshots.forEach((now, i) => {
        const before = snapshots[i - 1];
        if (before?.epoch !== now.epoch) return;
        const rows = rowsOf(now);
        for (const [label, value] of rowsOf(before)) expect(rows.get(label)).toBeGreaterThanOrEqual(value);
        const times = timesOf(now);
        for (const [label, value] of timesOf(before)) expect(times.get(label)).toBeGreaterThanOrEqual(value);
      });
    }),
  );
});

it('comes to the same end when readings are left out, where no owner changed in the gap', () => {
  const history = fc.tuple(actions, fc.func(fc.boolean()));
  fc.assert(
    fc.property(history, ([told, leftOut]) => {
      const all = readAroundChanges(told);
      const fewer = readAroundChanges(told.filter((action, i) => action.do !== 'read' || !leftOut(i)));
      const [a, b] = [all, fewer].map((actions) => snapshotsOf(readAsTold(actions)).at(-1));
      expect(a && rowsOf(a)).toEqual(b && rowsOf(b));
      expect(a && timesOf(a)).toEqual(b && timesOf(b));
    }),
  );
});

it('keeps within its caps, and still counts every call', () => {
  const caps = fc.record({ liobnsPerVm: fc.nat(3), vms: fc.nat(3), threads: fc.nat(4) });
  fc.assert(
    fc.property(actions, caps, (history, caps) => {
      const readings = readAsTold(history);
      snapshotsOf(readings, caps).forEach((now, i) => {
        expect(now.vms.filter(({ name }) => name !== 'unattributed').length).toBeLessThanOrEqual(caps.vms);
        expect(now.sizes.threads).toBeLessThanOrEqual(caps.threads);
        const rows = rowsOf(now);
        for (const { life } of now.vms) {
          const labels = [...rows.keys()].filter((label) => label.startsWith(`${life} entered `));
          const own = new Set(labels.map((label) => label.split(' ')[3]).filter((liobn) => liobn !== 'other'));
          expect(own.size).toBeLessThanOrEqual(caps.liobnsPerVm);
        }
        for (const { counter, seen } of readings[i]?.accounts ?? []) expect(sumOf(rows, counter)).toBe(seen);
      });
    }),
  );
});

it('leaves the state that it is given as it was', () => {
  fc.assert(
    fc.property(actions, (history) => {
      let state = emptyLedger();
      for (const reading of readAsTold(history)) {
        const before = structuredClone(state);
        const next = advance(state, reading, DEFAULT_CAPS);
        expect(state).toEqual(before);
        state = next;
      }
    }),
  );
});
