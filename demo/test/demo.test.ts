/** The demo as a user runs it: real agent, HTTP, real collector, embedded ClickHouse. `npm test` has built them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { DemoResult } from '../src/result.js';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

async function demo(recording: string): Promise<DemoResult> {
  const { stdout } = await run(process.execPath, [MAIN, '--json', '--speed', '100000', '--recording', recording]);
  return JSON.parse(stdout) as DemoResult;
}

/** Calls as `real virtual userspace`, by VM and hypercall. */
function table({ totals }: DemoResult): Record<string, string> {
  const rows: Record<string, string> = {};
  for (const { vm, hypercall, calls } of totals) {
    const key = `${vm} ${hypercall}`;
    rows[key] = `${rows[key] ?? ''} ${calls ?? 'unobservable'}`.trim();
  }
  return rows;
}

/** Seconds between the recording's first reading and a time. */
function secondsIn(iso: string | null, firstUnixSeconds: number): number {
  return Date.parse(iso ?? '') / 1000 - firstUnixSeconds;
}

it('shows a running VM that loses acceleration when a VFIO device is added, to the call', async () => {
  const result = await demo('vfio-7.2');
  expect(result).toMatchObject({ seen: 280_091, stored: 280_091, lost: 0, balanced: true });
  expect(result.punted).toEqual({ seen: 30_871, stored: 30_871, lost: 0 });
  expect(table(result)).toEqual({
    'hot H_PUT_TCE': '0 5363 0',
    'hot H_PUT_TCE_INDIRECT': '0 33205 15435',
    'hot H_STUFF_TCE': '0 37806 15436',
    'vfa H_PUT_TCE': '0 5706 0',
    'vfa H_PUT_TCE_INDIRECT': '0 80885 0',
    'vfa H_STUFF_TCE': '0 86255 0',
  });
  const real = result.totals.filter(({ mode }) => mode === 'real');
  expect(new Set(real.map(({ evidence, reason }) => `${evidence}: ${reason}`))).toEqual(
    new Set(['absent: real-mode-retired']),
  );
  // GPR7 of H_PUT_TCE is junk in the hundreds of millions; the histogram cannot split entries where modes mix.
  const entries = (vm: string, hypercall: string) =>
    result.totals.filter((total) => total.vm === vm && total.hypercall === hypercall).map((total) => total.entries);
  expect(entries('hot', 'H_PUT_TCE')).toEqual([0, 5363, 0]);
  expect(entries('hot', 'H_STUFF_TCE')).toEqual([0, null, null]);
  expect(entries('vfa', 'H_STUFF_TCE')).toEqual([0, 1_552_111, 0]);

  expect(result.alerts).toMatchObject([
    { subject: 'hot', alert: 'TceAccelerationLost', cause: 'table-left-kernel-vfio' },
  ]);
  const [alert] = result.alerts;
  // The first punt came 252 s after the first reading, the first life ended at 464 s, the recording at 788 s.
  expect(secondsIn(alert?.firedAt ?? null, 1_795_348_509)).toBeGreaterThan(252);
  expect(secondsIn(alert?.firedAt ?? null, 1_795_348_509)).toBeLessThan(280);
  expect(secondsIn(alert?.resolvedAt ?? null, 1_795_348_509)).toBeGreaterThan(460);
  expect(secondsIn(alert?.resolvedAt ?? null, 1_795_348_509)).toBeLessThan(570);
});

it('shows a VM that never had acceleration, to the call', async () => {
  const result = await demo('fallback-6.1');
  expect(result).toMatchObject({ seen: 122_450, stored: 122_450, lost: 0, balanced: true });
  expect(result.punted).toEqual({ seen: 44_842, stored: 44_842, lost: 0 });
  expect(table(result)).toEqual({
    'l2a H_PUT_TCE': '0 6185 0',
    'l2a H_PUT_TCE_INDIRECT': '0 32783 0',
    'l2a H_STUFF_TCE': '0 38640 0',
    'l2f H_PUT_TCE': '0 0 8609',
    'l2f H_PUT_TCE_INDIRECT': '0 0 13963',
    'l2f H_STUFF_TCE': '0 0 22270',
  });
  expect(result.alerts).toMatchObject([
    { subject: 'l2f', alert: 'TceNeverAccelerated', severity: 'critical', cause: 'no-in-kernel-table' },
  ]);
});
