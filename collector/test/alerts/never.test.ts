/** What never makes an alert, each on a real host's recording where there is one; and that each could. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Batch, Hypercall } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { HPT, batchOf } from '@tcewatch/testing/batches';
import type { TestVm } from '@tcewatch/testing/batches';
import { expect, it } from 'vitest';
import { DEFAULT_RULES, createDetector, createPolicy } from '../../src/alerts/index.js';
import type { Rules } from '../../src/alerts/index.js';

const SECOND = 1_000_000_000n;

/** Batches ten seconds apart; an element is what the host has of one VM. */
function batches(vms: (Omit<TestVm, 'name'> | null)[], interval = 10): Batch[] {
  return vms.map((vm, i) => batchOf({ uptime: 100 + interval * i, interval, vms: vm ? [{ name: 'a', ...vm }] : [] }));
}

const put = (entered: number, punted: number) => ({ counts: { H_PUT_TCE: { entered, punted } } });
const steps = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

/** The calls of a guest that made each kind of call that can end in each way: 10 of 36 were punted, on a healthy VM. */
async function outcomes(): Promise<NonNullable<TestVm['counts']>> {
  const trace = await readFile(join(await unpack('outcomes-6.1'), 'l2p.mode0.trace.txt'), 'utf8');
  const counts: Partial<Record<Hypercall, { entered: number; punted: number }>> = {};
  let last = { entered: 0, punted: 0 };
  for (const line of trace.split('\n')) {
    const hypercall = /kvm_hcall_enter: .*hcall=(H_\w+) /.exec(line)?.[1];
    if (hypercall !== undefined) {
      last = counts[hypercall as Hypercall] ??= { entered: 0, punted: 0 };
      last.entered++;
    } else if (line.includes('ret=RESUME_HOST')) last.punted++;
  }
  expect(Object.values(counts).reduce((sum, { entered }) => sum + entered, 0)).toBe(36);
  expect(Object.values(counts).reduce((sum, { punted }) => sum + punted, 0)).toBe(10);
  return counts;
}

/** What is wrong with the rules where the row makes an alert: each row can fail. */
interface Row {
  name: string;
  batches: () => Promise<Batch[]> | Batch[];
  mutated: Partial<Rules>;
}

const ROWS: Row[] = [
  {
    // Linux 4.14 to 4.18: it_userspace is allocated by the first mapping, which goes to userspace.
    name: 'the first punt of each hardware table on kernels to 4.18',
    batches: () => batches(steps.map((i) => put(50 * i, Math.min(i, 2)))),
    mutated: { minShare: 0.01, minRate: 0.05, forNs: 0n },
  },
  {
    name: 'odd bad calls of a guest (outcomes-6.1)',
    batches: async () => {
      const counts = await outcomes();
      return batches([{}, ...steps.map(() => ({ counts }))]);
    },
    mutated: { forNs: 0n },
  },
  {
    name: 'odd bad calls of a guest, where punts are known by LIOBN',
    batches: () =>
      batches(
        steps.map((i) => ({
          liobns: { '80000000': { entered: 5000 * i, punted: 0 }, dead: { entered: 3 * i, punted: 3 * i } },
        })),
      ),
    mutated: { minRate: 0.1 },
  },
  {
    // As in real-mode-5.10 (real-mode.test.ts), of a guest that is busier.
    name: 'a healthy HPT guest on a kernel with real mode',
    batches: () => batches(steps.map((i) => ({ ...put(200 * i, 200 * i), evidence: HPT }))),
    mutated: { minRateBlind: 10 },
  },
  {
    // SLOF and the kernel of the guest probe windows; some calls are punted before QEMU has made the tables.
    name: 'a booting guest',
    batches: () => batches([null, put(90, 60), put(95, 60), ...steps.map((i) => put(5000 * (i + 1), 60))]),
    mutated: { forNs: 0n },
  },
  {
    // The source hands over within an interval or two; the QEMU that is to be the target is paused until then.
    name: 'a migration: the source ends, the target begins paused',
    batches: () => {
      const source = steps.map((i) => ({ name: 'a', ...put(5000 * i, 0), ended: i > 6 }));
      const target = steps.map((i) => {
        const calls = Math.max(0, i - 6) * 5000;
        // The target restores its tables: the first calls may come before they are in the kernel.
        return { name: 'b', ...put(calls, Math.min(calls, 20)) };
      });
      return steps.map((i) => batchOf({ uptime: 100 + 10 * i, vms: [source[i]!, target[i]!].slice(i > 7 ? 1 : 0) }));
    },
    mutated: { minShare: 0, clearShare: 0, forNs: 0n },
  },
  {
    // QEMU may punt the last unmappings while it takes down the devices.
    name: 'a VM that was stopped',
    batches: () =>
      batches([...steps.map((i) => put(5000 * i, 0)), put(56_000, 900), { ...put(56_100, 1000), ended: true }, null]),
    mutated: { forNs: 0n },
  },
];

function alertsOf(given: readonly Batch[], rules: Partial<Rules> = {}): string[] {
  const detector = createDetector(createPolicy({ ...DEFAULT_RULES, ...rules }));
  return given.flatMap((batch) => detector.observe(batch)).map(({ alert, state }) => `${alert} ${state}`);
}

it.each(ROWS)('$name makes no alert, and would with other rules', async ({ batches, mutated }) => {
  const given = await batches();
  expect(given.length).toBeGreaterThan(2);
  expect(alertsOf(given)).toEqual([]);
  expect(alertsOf(given, mutated)).not.toEqual([]);
});

it('the rules that the rows rest on are the defaults of the configuration', () => {
  expect(DEFAULT_RULES).toMatchObject({ minShare: 0.1, minRate: 1, minRateBlind: 100, forNs: 10n * SECOND });
});
