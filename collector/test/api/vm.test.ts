/** What the read API tells of one VM: its LIOBNs, and how long its calls took. */
import type { ModeFigure } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import type { LiobnRow, StoreQueries } from '../../src/store/index.js';
import { get, life } from './ask.js';

describe('LIOBNs of a VM', () => {
  const row = (liobn: bigint, entered: number, punted?: number): LiobnRow => ({
    hostId: 'h',
    life,
    scope: liobn === 0n ? 'all' : 'one',
    liobn,
    hypercall: 'H_STUFF_TCE',
    counters: {
      ...(liobn > 0n && { entered, entered_entries: entered * 4 }),
      ...(punted !== undefined && { punted }),
    },
  });
  const told = async (...rows: LiobnRow[]) => {
    const asked: unknown[] = [];
    const liobns: StoreQueries['liobns'] = (question) => {
      asked.push(question);
      return Promise.resolve(rows);
    };
    const { status, body } = await get(`/v1/vms/${life}/liobns?from=1970-01-01T00:00:01Z`, { liobns });
    expect([status, asked]).toEqual([200, [{ life, hostId: 'h', fromNs: 1_000_000_000n }]]);
    const answers = body as { liobn: string | null; entries: number; modes: ModeFigure[] }[];
    return answers.map(({ liobn, modes, entries }) => [
      liobn,
      entries,
      ...modes
        .slice(1)
        .map(({ mode, calls, entries, evidence, reason }) =>
          `${mode} ${calls} ${entries} ${evidence} ${reason}`.trim(),
        ),
    ]);
  };

  it('show the modes of each where the source tells the LIOBN of punts, or there are none', async () => {
    expect(await told(row(0x8000_0000n, 9, 4), row(0x7100_0002n, 5))).toEqual([
      ['0x80000000', 36, 'virtual 5 null exact', 'userspace 4 null exact'],
      ['0x71000002', 20, 'virtual 5 20 exact', 'userspace 0 0 exact'],
    ]);
    expect((await told(row(0x8000_0000n, 9), row(0n, 0, 0)))[0]).toEqual([
      '0x80000000',
      36,
      'virtual 9 36 exact',
      'userspace 0 0 exact',
    ]);
  });

  it('show bounds where it does not, and never a 0 that is not known', async () => {
    const why = 'null upper-bound liobn-of-punts-unknown';
    expect(await told(row(0x8000_0000n, 9, 2), row(0x7100_0002n, 5), row(0n, 0, 6))).toEqual([
      ['0x80000000', 36, `virtual 7 ${why}`, `userspace 8 ${why}`],
      ['0x71000002', 20, `virtual 5 ${why}`, `userspace 5 ${why}`],
      [null, 0, `virtual 0 ${why}`, 'userspace 6 null exact'],
    ]);
    // Where the kernel had no room for the calls that entered.
    const [flooded] = await told(row(0x8000_0000n, 3, 5), row(0n, 0, 6));
    expect(flooded).toEqual(['0x80000000', 12, `virtual 0 ${why}`, `userspace 5 ${why}`]);
  });
});

it('latencies are asked of the store by range, host and life', async () => {
  const asked: unknown[] = [];
  const bounds = { aboveUs: 256, upToUs: 512 };
  const span = { span: 'round_trip' as const, hypercall: 'H_PUT_TCE' as const, calls: 3, totalUs: 900 };
  const spans = [{ ...span, unmeasured: null, p50: bounds, p99: bounds, buckets: [{ ...bounds, calls: 3 }] }];
  const latency: StoreQueries['latency'] = (question) => {
    asked.push(question);
    return Promise.resolve({ spans, seconds: 10, lostMsPerSecond: 0.09 });
  };
  const answer = await get(`/v1/vms/${life}/latency?to=1970-01-01T00:00:02Z`, { latency });
  expect(asked).toEqual([{ life, hostId: 'h', toNs: 2_000_000_000n }]);
  const body = { host: 'h', life, vm: 'a', uuid: '', spans, seconds: 10, lostMsPerSecond: 0.09 };
  expect(answer).toEqual({ status: 200, body });
});
