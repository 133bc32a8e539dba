/** Replays of real hosts end with exactly the counts that are known of them (recordings/README.md). */
import { seriesRow } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import { buildBatch } from '../../src/batch-builder.js';
import { advance } from '../../src/ledger/advance.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../src/ledger/state.js';
import type { LedgerSnapshot } from '../../src/ledger/state.js';
import type { Reading } from '../../src/model.js';
import { createSource } from '../../src/sources/registry.js';
import { testOptions } from './options.js';
import { rowsOf } from './hist/rows.js';

interface Replayed {
  readings: Reading[];
  snapshots: LedgerSnapshot[];
  last: LedgerSnapshot;
}

async function replay(name: string): Promise<Replayed> {
  const source = createSource('replay', testOptions({ directory: await unpack(name) }));
  await source.open();
  const readings: Reading[] = [];
  const snapshots: LedgerSnapshot[] = [];
  let state = emptyLedger();
  for (let reading = await source.next(); reading; reading = await source.next()) {
    state = advance(state, reading, DEFAULT_CAPS);
    readings.push(reading);
    snapshots.push(snapshot(state));
  }
  await source.close();
  return { readings, snapshots, last: snapshot(state) };
}

const vfio = await replay('vfio-7.2');
const fallback = await replay('fallback-6.1');
const seconds = (ns: bigint) => Number(ns) / 1e9;

describe('the recording vfio-7.2', () => {
  it('enters, for each VM and LIOBN', () => {
    expect(rowsOf(vfio.last, 'entered')).toEqual({
      'entered vfa/178 0x71000002 H_PUT_TCE': 5695,
      'entered vfa/178 0x71000002 H_PUT_TCE_INDIRECT': 5278,
      'entered vfa/178 0x71000002 H_STUFF_TCE': 10_131,
      'entered vfa/178 0x80000000 H_PUT_TCE': 11,
      'entered vfa/178 0x80000000 H_PUT_TCE_INDIRECT': 75_607,
      'entered vfa/178 0x80000000 H_STUFF_TCE': 76_124,
      'entered hot/630 0x71000002 H_PUT_TCE': 2 + 3429,
      'entered hot/630 0x71000002 H_PUT_TCE_INDIRECT': 3 + 3185,
      'entered hot/630 0x71000002 H_STUFF_TCE': 5730,
      'entered hot/630 0x80000000 H_PUT_TCE': 10 + 1,
      'entered hot/630 0x80000000 H_PUT_TCE_INDIRECT': 6637 + 9609 + 6287 + 5826,
      'entered hot/630 0x80000000 H_STUFF_TCE': 7150 + 9610 + 6288 + 5826,
      'entered hot/7214 0x71000002 H_PUT_TCE': 1910,
      'entered hot/7214 0x71000002 H_PUT_TCE_INDIRECT': 1784,
      'entered hot/7214 0x71000002 H_STUFF_TCE': 2814,
      'entered hot/7214 0x80000000 H_PUT_TCE': 11,
      'entered hot/7214 0x80000000 H_PUT_TCE_INDIRECT': 10_631 + 4678,
      'entered hot/7214 0x80000000 H_STUFF_TCE': 10_628 + 5196,
    });
  });

  it('punts calls of the first life of one VM alone', () => {
    expect(rowsOf(vfio.last, 'punted')).toEqual({
      'punted hot/630 all H_PUT_TCE_INDIRECT': 15_435,
      'punted hot/630 all H_STUFF_TCE': 15_436,
    });
  });

  it('tells entries where GPR7 holds them, and never of H_PUT_TCE', () => {
    const entries = rowsOf(vfio.last, 'entered_entries', 'punted_entries');
    expect(Object.keys(entries).filter((row) => row.endsWith('H_PUT_TCE'))).toEqual([]);
    expect(entries['entered_entries vfa/178 0x80000000 H_PUT_TCE_INDIRECT']).toBe(1_209_712);
    expect(entries['entered_entries hot/630 0x80000000 H_STUFF_TCE']).toBe(193_809 + 521_962);
    expect(rowsOf(vfio.last, 'entered_unsized', 'punted_unsized')).toEqual({});
  });

  it('accounts for every call that the kernel saw', () => {
    expect(vfio.last.accounts).toEqual([
      { counter: 'entered', seen: 280_091, losses: [] },
      { counter: 'punted', seen: 30_871, losses: [] },
    ]);
  });

  it('follows the VM through its two lives', () => {
    const told = vfio.snapshots.map(({ vms }, i) => ({
      at: seconds(vfio.readings[i]?.clock.uptimeNs ?? 0n),
      vms: vms.map(({ name, tgid, ended }) => `${name}/${tgid}${ended ? ' ended' : ''}`).join(' '),
    }));
    const changes = told.filter(({ vms }, i) => vms !== told[i - 1]?.vms);
    expect(changes.map(({ vms }) => vms)).toEqual(['vfa/178', 'vfa/178 hot/630', 'vfa/178 hot/630 ended hot/7214']);
    // Its processes started at 44.63 s and 524.7 s; the tree without the first was complete at 524.56 s.
    const [, first, second] = changes.map(({ at }) => at);
    expect(first).toBeGreaterThanOrEqual(44.63);
    expect(second).toBeGreaterThanOrEqual(524.56);
  });

  it('tells of descriptors once the tree that shows them was complete', () => {
    const tables = vfio.snapshots.map(({ vms }, i) => ({
      at: seconds(vfio.readings[i]?.clock.uptimeNs ?? 0n),
      descriptors: vms.find(({ tgid }) => tgid === 630)?.facts?.descriptors,
    }));
    const changes = tables.filter(
      ({ descriptors }, i) => JSON.stringify(descriptors) !== JSON.stringify(tables[i - 1]?.descriptors),
    );
    expect(changes.map(({ descriptors }) => descriptors)).toEqual([
      { tceTables: 2, vfioGroups: [] },
      { tceTables: 1, vfioGroups: [2] },
    ]);
    expect(changes[0]?.at).toBeGreaterThanOrEqual(237.32);
    expect(changes[1]?.at).toBeGreaterThanOrEqual(399.61);
  });

  it('begins its epoch with its first snapshot', () => {
    expect(vfio.last.epochBeganNs).toBe(7_210_000_000n);
    expect(new Set(vfio.snapshots.map(({ epoch }) => epoch)).size).toBe(1);
  });

  it('gives the same batches each time', async () => {
    const batches = ({ readings, snapshots }: Replayed) =>
      readings.map((reading, i) =>
        buildBatch({
          reading,
          snapshot: snapshots[i] ?? vfio.last,
          run: '11111111-1111-1111-1111-111111111111',
          sequence: i + 1,
          intervalNs: 1n,
        }),
      );
    expect(batches(await replay('vfio-7.2'))).toEqual(batches(vfio));
  });
});

describe('the recording fallback-6.1', () => {
  it('counts what is known of it', () => {
    const perHypercall: Record<string, number> = {};
    for (const [row, calls] of Object.entries(rowsOf(fallback.last, 'entered', 'punted'))) {
      const [counter, vm, , hypercall] = row.split(' ');
      const key = `${counter} ${vm} ${hypercall}`;
      perHypercall[key] = (perHypercall[key] ?? 0) + calls;
    }
    expect(perHypercall).toEqual({
      'entered l2a/196 H_PUT_TCE': 6185,
      'entered l2a/196 H_PUT_TCE_INDIRECT': 32_783,
      'entered l2a/196 H_STUFF_TCE': 38_640,
      'entered l2f/1887 H_PUT_TCE': 3992 + 4617,
      'entered l2f/1887 H_PUT_TCE_INDIRECT': 8250 + 5713,
      'entered l2f/1887 H_STUFF_TCE': 8472 + 13_798,
      'punted l2f/1887 H_PUT_TCE': 3992 + 4617,
      'punted l2f/1887 H_PUT_TCE_INDIRECT': 8250 + 5713,
      'punted l2f/1887 H_STUFF_TCE': 8472 + 13_798,
    });
    expect(fallback.last.accounts.map(({ seen }) => seen)).toEqual([122_450, 44_842]);
  });

  it('has a VM without any table in the kernel', () => {
    const facts = fallback.last.vms.map(({ name, facts }) => [name, facts?.descriptors?.tceTables]);
    expect(facts).toEqual([
      ['l2a', 3],
      ['l2f', 0],
    ]);
  });
});

describe.each([
  ['vfio-7.2', vfio],
  ['fallback-6.1', fallback],
])('each reading of %s', (_, { snapshots }) => {
  it('has an owner for every call, and counts no more than the kernel saw', () => {
    for (const { vms, series, accounts } of snapshots) {
      expect(vms.filter(({ name }) => name === 'unattributed')).toEqual([]);
      const rows = Array.from({ length: series.length }, (_, i) => seriesRow(series, i));
      for (const { counter, seen } of accounts) {
        const counted = rows.reduce((sum, row) => sum + (row.counter === counter ? row.value : 0), 0);
        expect(counted).toBeLessThanOrEqual(seen);
      }
    }
  });

  it('says that real mode cannot occur', () => {
    for (const { vms } of snapshots) {
      for (const { evidence } of vms) {
        expect(evidence).toContainEqual({ mode: 'real', evidence: 'absent', reason: 'real-mode-retired' });
      }
    }
  });
});
