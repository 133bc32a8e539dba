/** Counting in the kernel's text of a ring buffer. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import { LabError } from '../src/errors.js';
import { countRing } from '../src/ring-text.js';
import type { RingCount } from '../src/ring-text.js';

/** These recordings hold the enters of all hypercalls; the lab's own buffer those of TCE's alone. */
async function* filtered(file: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (!/kvm_hcall_enter: .*hcall=(?!H_(GET|PUT|STUFF)_TCE|H_PUT_TCE_INDIRECT)/.test(line)) yield line;
  }
}

async function outcomes(file: string): Promise<[tid: number, totals: object][]> {
  const { calls } = await countRing(filtered(join(await unpack('outcomes-6.1'), file)));
  return [...calls].map(([tid, ofThread]) => [tid, Object.fromEntries(ofThread)]);
}

async function count(...lines: string[]): Promise<RingCount> {
  return countRing(Readable.from(lines));
}

const ENTER =
  ' CPU 0/KVM-5035 [001] .....  12.332283: kvm_hcall_enter: VCPU 0: hcall=H_PUT_TCE GPR4-7=0x80000000,0x0,0x3,0x0';
const EXIT = ' CPU 0/KVM-5035 [001] .....  12.332894: kvm_hcall_exit: VCPU 0: ret=RESUME_GUEST hcall_rc=H_SUCCESS';

describe('the text of a ring buffer', () => {
  it('gives the 10,000 calls that a guest made in a row, as the histogram of that time has them', async () => {
    expect(await outcomes('l2p.mode1.trace.txt')).toEqual([
      [5035, { H_PUT_TCE: { entered: 10_000, punted: 0 }, H_STUFF_TCE: { entered: 2, punted: 0 } }],
    ]);
  });

  // A guest module made one call of each kind, and did so twice.
  it('tells what a healthy guest had done by the kernel from what went to userspace', async () => {
    expect(await outcomes('l2p.mode0.full.txt')).toEqual([
      [
        5035,
        {
          H_GET_TCE: { entered: 8, punted: 2 },
          H_PUT_TCE: { entered: 8, punted: 4 },
          H_STUFF_TCE: { entered: 12, punted: 2 },
          H_PUT_TCE_INDIRECT: { entered: 8, punted: 2 },
        },
      ],
    ]);
  });

  it('has all calls of a guest whose tables were refused in userspace', async () => {
    const [[, totals] = [0, {}]] = await outcomes('l2q.mode0.full.txt');
    for (const calls of Object.values(totals) as { entered: number; punted: number }[]) {
      expect(calls.entered).toBeGreaterThan(0);
      expect(calls.punted).toBe(calls.entered);
    }
  });

  it('keeps what had been counted when a mark was written', async () => {
    const mark = ' serve-1 [000] ..... 12.400000: tracing_mark_write: lab: here';
    const { calls, marks } = await count(ENTER, EXIT, mark, ENTER, EXIT);
    expect(marks.get('here')?.get(5035)?.get('H_PUT_TCE')).toEqual({ entered: 1, punted: 0 });
    expect(calls.get(5035)?.get('H_PUT_TCE')).toEqual({ entered: 2, punted: 0 });
  });

  it.each([
    ['a call without its exit', [ENTER, ENTER, EXIT], /line 2 .* no exit/],
    ['an end inside a call', [ENTER], /thread 5035/],
    [
      'an event that it does not know',
      [ENTER.replace('kvm_hcall_enter', 'kvm_page_fault')],
      /line 1 .* not understood/,
    ],
    ['a line cut short', [ENTER.slice(0, 40)], /line 1 .* not understood/],
    ['lost events', ['CPU:1 [LOST 42 EVENTS]'], /line 1 .* not understood/],
  ])('refuses %s', async (_, lines, message) => {
    await expect(count(...lines)).rejects.toThrow(LabError);
    await expect(count(...lines)).rejects.toThrow(message);
  });
});
