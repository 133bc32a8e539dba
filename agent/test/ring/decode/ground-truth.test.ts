/** The two long recordings: each call with its mode and LIOBN, as the kernel's own histograms counted them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HYPERCALLS } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { expect, it } from 'vitest';
import type { RingCell } from '../../../src/ring/decode/cells.js';
import { WHOLE_RECORDING, pairAll, recordedRing, table } from './recorded.js';

const VFIO = { events: 'root-both-accelerated/sys/kernel/tracing/events', ...WHOLE_RECORDING };
const FALLBACK = { events: 'root-healthy/sys/kernel/tracing/events', ...WHOLE_RECORDING };

it('vfio-7.2: every thread, LIOBN and mode to the call', async () => {
  const ring = await recordedRing('vfio-7.2', VFIO);
  const { pairing, tallies } = pairAll(ring);
  expect(table(pairing)).toEqual([
    '198 0x71000002 H_PUT_TCE: 5695 virtual, 0 userspace',
    '198 0x71000002 H_PUT_TCE_INDIRECT: 5278 virtual, 0 userspace',
    '198 0x71000002 H_STUFF_TCE: 10131 virtual, 0 userspace',
    '198 0x80000000 H_PUT_TCE: 11 virtual, 0 userspace',
    '198 0x80000000 H_PUT_TCE_INDIRECT: 75607 virtual, 0 userspace',
    '198 0x80000000 H_STUFF_TCE: 76124 virtual, 0 userspace',
    '652 0x71000002 H_PUT_TCE: 2 virtual, 0 userspace',
    '652 0x71000002 H_PUT_TCE_INDIRECT: 3 virtual, 0 userspace',
    '652 0x80000000 H_PUT_TCE: 10 virtual, 0 userspace',
    '652 0x80000000 H_PUT_TCE_INDIRECT: 6637 virtual, 9609 userspace',
    '652 0x80000000 H_STUFF_TCE: 7150 virtual, 9610 userspace',
    '653 0x71000002 H_PUT_TCE: 3429 virtual, 0 userspace',
    '653 0x71000002 H_PUT_TCE_INDIRECT: 3185 virtual, 0 userspace',
    '653 0x71000002 H_STUFF_TCE: 5730 virtual, 0 userspace',
    '653 0x80000000 H_PUT_TCE: 1 virtual, 0 userspace',
    '653 0x80000000 H_PUT_TCE_INDIRECT: 6287 virtual, 5826 userspace',
    '653 0x80000000 H_STUFF_TCE: 6288 virtual, 5826 userspace',
    '7228 0x80000000 H_PUT_TCE_INDIRECT: 10631 virtual, 0 userspace',
    '7228 0x80000000 H_STUFF_TCE: 10628 virtual, 0 userspace',
    '7231 0x71000002 H_PUT_TCE: 1910 virtual, 0 userspace',
    '7231 0x71000002 H_PUT_TCE_INDIRECT: 1784 virtual, 0 userspace',
    '7231 0x71000002 H_STUFF_TCE: 2814 virtual, 0 userspace',
    '7231 0x80000000 H_PUT_TCE: 11 virtual, 0 userspace',
    '7231 0x80000000 H_PUT_TCE_INDIRECT: 4678 virtual, 0 userspace',
    '7231 0x80000000 H_STUFF_TCE: 5196 virtual, 0 userspace',
  ]);
  expect(pairing.tally).toMatchObject({ enters: 280_091, paired: 280_091, exitsMissing: 0, entersMissing: 0 });
  expect(tallies.map(({ events }) => events)).toEqual(ring.stats.map(({ entries }) => entries));
  await equalsHistograms('vfio-7.2', [...pairing.cells()]);
});

it.each([
  ['vfio-7.2', VFIO],
  ['fallback-6.1', FALLBACK],
])('%s: times each handled call', async (recording, paths) => {
  const { pairing } = pairAll(await recordedRing(recording, paths));
  const key = ({ tid, hypercall }: { tid: number; hypercall: string }) => `${tid} ${hypercall}`;
  const handled = new Map<string, number>();
  for (const cell of pairing.cells()) {
    const calls = cell.entered - cell.punted;
    if (calls > 0) handled.set(key(cell), (handled.get(key(cell)) ?? 0) + calls);
  }
  const timed = new Map<string, number>();
  const byBucket: number[] = [];
  for (const cell of pairing.latencies()) {
    expect(cell.span).toBe('handled');
    timed.set(key(cell), (timed.get(key(cell)) ?? 0) + cell.calls);
    byBucket[cell.bucket] = (byBucket[cell.bucket] ?? 0) + cell.calls;
    expect(cell.totalUs / cell.calls).toBeGreaterThan(2 ** (cell.bucket - 1));
    expect(cell.totalUs / cell.calls).toBeLessThanOrEqual(2 ** cell.bucket);
  }
  expect(timed).toEqual(handled);
  // As the kernel's own histograms of other calls of the same hosts have it: mostly 2^6 to 2^7 us.
  const most = Math.max(...byBucket.filter((calls) => calls));
  expect([6, 7]).toContain(byBucket.indexOf(most));
});

it('fallback-6.1: every thread, LIOBN and mode to the call', async () => {
  const ring = await recordedRing('fallback-6.1', FALLBACK);
  const { pairing, tallies } = pairAll(ring);
  const cells = [...pairing.cells()];
  const sums = (tid: number, hypercall: string) => {
    const own = cells.filter((cell) => cell.tid === tid && cell.hypercall === hypercall);
    return [sum(own, (cell) => cell.entered - cell.punted), sum(own, (cell) => cell.punted)];
  };
  expect(['H_PUT_TCE', 'H_PUT_TCE_INDIRECT', 'H_STUFF_TCE'].map((each) => sums(219, each))).toEqual([
    [6185, 0],
    [32_783, 0],
    [38_640, 0],
  ]);
  expect(
    ['H_PUT_TCE', 'H_PUT_TCE_INDIRECT', 'H_STUFF_TCE'].map((each) => [...sums(1904, each), ...sums(1905, each)]),
  ).toEqual([
    [0, 3992, 0, 4617],
    [0, 8250, 0, 5713],
    [0, 8472, 0, 13_798],
  ]);
  expect(pairing.tally).toMatchObject({ enters: 122_450, paired: 122_450, exitsMissing: 0, entersMissing: 0 });
  expect(tallies.map(({ events }) => events)).toEqual(ring.stats.map(({ entries }) => entries));
  await equalsHistograms('fallback-6.1', cells);
});

/** The histograms of another trace instance over the same time, as `key key ...: hitcount sum of gpr7`. */
async function equalsHistograms(recording: string, cells: Readonly<RingCell>[]): Promise<void> {
  const read = async (name: string) => readFile(join(await unpack(recording), 'final', name), 'utf8');
  const enter = (await read('kvm_hcall_enter.hist')).matchAll(
    /common_pid: +(\d+), req: +(\d+), gpr4: +(\d+) \} hitcount: +(\d+) +gpr7: +(\d+)/g,
  );
  const lines = [...enter].map(([, tid, req, liobn, calls, gpr7]) => {
    // H_PUT_TCE has junk in gpr7.
    const entries = req === String(HYPERCALLS.H_PUT_TCE) ? calls : gpr7;
    return `${tid ?? ''} ${req ?? ''} ${liobn ?? ''}: ${calls ?? ''} ${entries ?? ''}`;
  });
  const entered = cells.map((cell) => {
    return `${cell.tid} ${HYPERCALLS[cell.hypercall]} ${String(cell.liobn)}: ${cell.entered} ${cell.entries}`;
  });
  expect(entered.sort()).toEqual(lines.sort());

  const exit = (await read('kvm_hcall_exit.hist')).matchAll(
    /common_pid: +(\d+), hcall_rc: +(\d+) \} hitcount: +(\d+)/g,
  );
  const punted = new Map([...exit].map(([, tid, rc, calls]) => [`${tid ?? ''} ${rc ?? ''}`, Number(calls)]));
  for (const cell of cells) {
    const key = `${cell.tid} ${HYPERCALLS[cell.hypercall]}`;
    punted.set(key, (punted.get(key) ?? 0) - cell.punted);
  }
  expect([...punted].filter(([, missing]) => missing !== 0)).toEqual([]);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((all, value) => all + of(value), 0);
}
