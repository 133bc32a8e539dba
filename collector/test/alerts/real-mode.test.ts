/** Linux 5.10 with real mode: what the host sees of two HPT guests, one healthy and one that was refused its tables. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hypercall } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { HPT, batchOf } from '@tcewatch/testing/batches';
import type { TestVm } from '@tcewatch/testing/batches';
import { expect, it } from 'vitest';
import { createDetector } from '../../src/alerts/index.js';

const directory = await unpack('real-mode-5.10');

/** TCE hypercalls of a thread that entered the kernel; the trace shows that all of them were punted. */
async function seenOf(guest: string, tid: number): Promise<Map<Hypercall, number>> {
  const trace = await readFile(join(directory, `${guest}.probe-and-dd.trace.txt`), 'utf8');
  const seen = new Map<Hypercall, number>();
  const ends = new Set<string>();
  let entered: Hypercall | undefined;
  for (const line of trace.split('\n').filter((line) => line.includes(`-${tid} `))) {
    const hypercall = /kvm_hcall_enter: .*hcall=(H_(?:GET|PUT|STUFF)_TCE(?:_INDIRECT)?) /.exec(line)?.[1];
    if (hypercall !== undefined) {
      entered = hypercall as Hypercall;
      seen.set(entered, (seen.get(entered) ?? 0) + 1);
    } else if (entered !== undefined && line.includes('kvm_hcall_exit')) {
      ends.add(/ret=(\w+)/.exec(line)?.[1] ?? '');
      entered = undefined;
    }
  }
  expect([...ends]).toEqual(['RESUME_HOST']);
  return seen;
}

/** Descriptors of kvm-spapr-tce of that QEMU. */
async function tablesOf(guest: string): Promise<number> {
  const sections = (await readFile(join(directory, 'fds'), 'utf8')).split('## ');
  const own = sections.find((section) => section.startsWith(`${guest} `)) ?? '';
  return own.split('anon_inode:kvm-spapr-tce').length - 1;
}

/** Names of the alerts when the guest goes on for a minute as it was recorded, which is less than ten seconds. */
async function alertsOf(guest: string, tid: number): Promise<string[]> {
  const seen = await seenOf(guest, tid);
  const tceTables = await tablesOf(guest);
  const detector = createDetector();
  return [0, 1, 2, 3, 4, 5, 6].flatMap((i) => {
    const counts: TestVm['counts'] = Object.fromEntries(
      [...seen].map(([hypercall, calls]) => [hypercall, { entered: i * calls, punted: i * calls }]),
    );
    const vm = { name: guest, counts, evidence: HPT, descriptors: { tceTables, vfioGroups: [] } };
    const events = detector.observe(batchOf({ uptime: 100 + 10 * i, vms: [vm] }));
    return events.map(({ state, cause }) => `${state}: ${cause.code}`);
  });
}

it('n2, healthy: ten calls are seen, all of them punted, and that is no fallback', async () => {
  expect([...(await seenOf('n2', 98)).values()].reduce((a, b) => a + b)).toBe(10);
  expect(await tablesOf('n2')).toBe(3);
  expect(await alertsOf('n2', 98)).toEqual([]);
});

it('n3, refused: 236 calls are seen, all of them punted, and without a table that is a fallback', async () => {
  expect([...(await seenOf('n3', 798)).values()].reduce((a, b) => a + b)).toBe(236);
  expect(await tablesOf('n3')).toBe(0);
  expect(await alertsOf('n3', 798)).toEqual(['firing: no-in-kernel-table']);
});
