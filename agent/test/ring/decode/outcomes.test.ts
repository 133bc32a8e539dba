/** Outcome of each kind of call, in the two recordings that made them on purpose. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import { Pairing } from '../../../src/ring/decode/pair.js';
import { pairAll, recordedRing, table } from './recorded.js';
import { feedText } from './text.js';

async function feed(recording: string, file: string): Promise<{ calls: string[]; pairing: Pairing }> {
  const pairing = new Pairing();
  const calls = feedText(await readFile(join(await unpack(recording), file), 'utf8'), pairing);
  return { calls, pairing };
}

describe('outcomes-6.1', () => {
  it('l2p, healthy: the kernel handles what it can, errors included; two kinds go to userspace', async () => {
    const { calls, pairing } = await feed('outcomes-6.1', 'l2p.mode0.trace.txt');
    const once = [
      'H_GET_TCE 0x80000000: RESUME_GUEST H_SUCCESS',
      'H_PUT_TCE 0x80000000: RESUME_GUEST H_SUCCESS',
      'H_GET_TCE 0x80000000: RESUME_GUEST H_SUCCESS',
      'H_STUFF_TCE 0x80000000: RESUME_GUEST H_SUCCESS',
      'H_PUT_TCE_INDIRECT 0x80000000: RESUME_GUEST H_SUCCESS',
      'H_STUFF_TCE 0x80000000: RESUME_GUEST H_SUCCESS',
      // IOBA beyond the window.
      'H_PUT_TCE 0x80000000: RESUME_GUEST H_PARAMETER',
      // TCE beyond the guest's memory: a punt of a healthy VM.
      'H_PUT_TCE 0x80000000: RESUME_HOST H_TOO_HARD',
      // List unaligned; 513 entries.
      'H_PUT_TCE_INDIRECT 0x80000000: RESUME_GUEST H_PARAMETER',
      'H_PUT_TCE_INDIRECT 0x80000000: RESUME_GUEST H_PARAMETER',
      // 4096 entries at once are right; a value with permissions is not.
      'H_STUFF_TCE 0x80000000: RESUME_GUEST H_SUCCESS',
      'H_STUFF_TCE 0x80000000: RESUME_GUEST H_PARAMETER',
      // No such LIOBN: punts of a healthy VM.
      'H_PUT_TCE 0xdead0000: RESUME_HOST H_TOO_HARD',
      'H_PUT_TCE_INDIRECT 0xdead0000: RESUME_HOST H_TOO_HARD',
      'H_STUFF_TCE 0xdead0000: RESUME_HOST H_TOO_HARD',
      'H_GET_TCE 0xdead0000: RESUME_HOST H_TOO_HARD',
      // IOBA beyond the window.
      'H_GET_TCE 0x80000000: RESUME_GUEST H_PARAMETER',
      'H_STUFF_TCE 0x80000000: RESUME_GUEST H_SUCCESS',
    ];
    expect(calls).toEqual([...once, ...once]);
    expect(table(pairing)).toEqual([
      '5035 0x80000000 H_GET_TCE: 6 virtual, 0 userspace',
      '5035 0x80000000 H_PUT_TCE: 4 virtual, 2 userspace',
      '5035 0x80000000 H_PUT_TCE_INDIRECT: 6 virtual, 0 userspace',
      '5035 0x80000000 H_STUFF_TCE: 10 virtual, 0 userspace',
      '5035 0xdead0000 H_GET_TCE: 0 virtual, 2 userspace',
      '5035 0xdead0000 H_PUT_TCE: 0 virtual, 2 userspace',
      '5035 0xdead0000 H_PUT_TCE_INDIRECT: 0 virtual, 2 userspace',
      '5035 0xdead0000 H_STUFF_TCE: 0 virtual, 2 userspace',
    ]);
    // The list of 513 entries, twice.
    expect(pairing.tally).toMatchObject({ paired: 36, oversized: 2 });
  });

  it('l2p: the same among all other hypercalls', async () => {
    const { pairing } = await feed('outcomes-6.1', 'l2p.mode0.full.txt');
    const alone = await feed('outcomes-6.1', 'l2p.mode0.trace.txt');
    expect(table(pairing)).toEqual(table(alone.pairing));
    expect(pairing.tally).toMatchObject({ enters: 36, otherEnters: 629, otherExits: 629 });
  });

  it('l2q, refused its tables: all calls go to userspace, wrong ones too', async () => {
    const { calls, pairing } = await feed('outcomes-6.1', 'l2q.mode0.trace.txt');
    expect(calls.every((call) => call.endsWith('RESUME_HOST H_TOO_HARD'))).toBe(true);
    const cells = [...pairing.cells()];
    expect(cells.map(({ entered, punted }) => entered - punted)).toEqual(cells.map(() => 0));
    expect(pairing.tally).toMatchObject({ enters: 36, paired: 36 });
  });

  it('l2p: exactly 10,000 H_PUT_TCE in a row, as its histogram counted', async () => {
    const ring = await recordedRing('outcomes-6.1', {
      events: 'events',
      raw: 'l2p.mode1.cpuN.raw',
      stats: 'l2p.mode1.cpuN.stats',
    });
    const { pairing, tallies } = pairAll(ring);
    expect(table(pairing)).toEqual([
      '5035 0x80000000 H_PUT_TCE: 10000 virtual, 0 userspace',
      '5035 0x80000000 H_STUFF_TCE: 2 virtual, 0 userspace',
    ]);
    expect(tallies.map(({ events }) => events)).toEqual(ring.stats.map(({ read }) => read));
  });
});

describe('real-mode-5.10', () => {
  it('n1, a radix guest: all but H_GET_TCE of a known LIOBN reach KVM in virtual mode', async () => {
    const { pairing } = await feed('real-mode-5.10', 'n1.probe-and-dd.trace.txt');
    expect(table(pairing)).toEqual([
      '792 0x71000002 H_PUT_TCE_INDIRECT: 100 virtual, 0 userspace',
      '792 0x71000002 H_STUFF_TCE: 100 virtual, 0 userspace',
      '792 0x80000000 H_PUT_TCE: 4 virtual, 2 userspace',
      '792 0x80000000 H_PUT_TCE_INDIRECT: 6 virtual, 0 userspace',
      '792 0x80000000 H_STUFF_TCE: 10 virtual, 0 userspace',
      '792 0xdead0000 H_GET_TCE: 0 virtual, 2 userspace',
      '792 0xdead0000 H_PUT_TCE: 0 virtual, 2 userspace',
      '792 0xdead0000 H_PUT_TCE_INDIRECT: 0 virtual, 2 userspace',
      '792 0xdead0000 H_STUFF_TCE: 0 virtual, 2 userspace',
    ]);
  });

  it('n2, a healthy HPT guest: only what real mode could not do is seen, and all of that is punted', async () => {
    const boot = await feed('real-mode-5.10', 'boot-of-hpt-guest.trace.txt');
    expect(boot.pairing.tally).toMatchObject({ enters: 0, otherEnters: 19_416 });
    const { calls } = await feed('real-mode-5.10', 'n2.probe-and-dd.trace.txt');
    expect(calls).toHaveLength(10);
    expect(calls.every((call) => call.includes('RESUME_HOST'))).toBe(true);
  });

  it('n3, refused its tables: all of its calls are seen and punted, those of n1 beside it are not', async () => {
    const { pairing } = await feed('real-mode-5.10', 'n3.probe-and-dd.trace.txt');
    const punted = (tid: number) => [...pairing.cells()].filter((cell) => cell.tid === tid).map((cell) => cell.punted);
    const entered = (tid: number) =>
      [...pairing.cells()].filter((cell) => cell.tid === tid).map((cell) => cell.entered);
    expect(punted(798)).toEqual(entered(798));
    expect(entered(798).reduce((sum, calls) => sum + calls)).toBe(236);
    expect(punted(792)).toEqual([0, 0]);
    // The first exit's enter was before the recording began.
    expect(pairing.tally).toMatchObject({ otherEnters: 1444, otherExits: 1445 });
  });
});
