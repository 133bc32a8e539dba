import { HYPERCALL_NAMES, LATENCY_BUCKETS, SPANS } from '@tcewatch/protocol';
import { batchOf } from '@tcewatch/testing/series-batches';
import type { TestBatch } from '@tcewatch/testing/series-batches';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/model.js';
import { LATENCIES_COLUMNS, encodeLatencies } from '../../../src/store/encode/latencies.js';
import { ChangeFilter } from '../../../src/store/encode/change-filter.js';
import { RowBuffer } from '../../../src/store/encode/row-buffer.js';

function encode(batch: Omit<TestBatch, 'series'>, remembered?: ChangeFilter): RowBuffer {
  const made = batchOf({ ...batch, series: [] });
  const rows = new RowBuffer(16);
  encodeLatencies(made, remembered?.recall(made), rows);
  return rows;
}

it('a row is RowBinary of the columns in their order', () => {
  const calls = 2 ** 53 - 1;
  const latencies = [{ vm: 1, hypercall: 'H_STUFF_TCE' as const, bucket: 31, calls, totalUs: 0x0102030405 }];
  const vms = [{}, { life: '00112233-4455-6677-8899-aabbccddeeff' }];
  const batch = batchOf({ uptime: 0, host: 'h\u00e9', vms, series: [], latencies });
  batch.epoch = 'ffeeddcc-bbaa-9988-7766-554433221100';
  batch.clock.wallNs = 0x0102030405060708n;
  const rows = new RowBuffer(16);
  encodeLatencies(batch, undefined, rows);
  expect(LATENCIES_COLUMNS.join()).toBe('host,epoch,at,life,hypercall,span,bucket,calls,total_us');
  expect(rows.bytes.toString('hex')).toBe(
    [
      '0368c3a9',
      '8899aabbccddeeff' + '0011223344556677',
      '0807060504030201',
      '7766554433221100' + 'ffeeddccbbaa9988',
      '3801', // 312
      '02',
      '1f',
      'ffffffffffff1f00',
      '0504030201000000',
    ].join(''),
  );
  expect(rows.rows).toBe(1);
});

it('a row of a VM that the batch does not have is refused', () => {
  expect(() => encode({ uptime: 0, latencies: [{ vm: 7, calls: 1 }] })).toThrow(StoreError);
});

describe('a bucket that did not change', () => {
  const every = (calls: number) =>
    [0, 1].flatMap((vm) =>
      SPANS.flatMap((span) =>
        HYPERCALL_NAMES.flatMap((hypercall) =>
          Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => ({
            vm,
            span,
            hypercall,
            bucket,
            calls: calls + bucket,
          })),
        ),
      ),
    );
  const vms = [{}, {}];

  it('is not sent again, and one whose calls or time did is', () => {
    const remembered = new ChangeFilter();
    const rows = (uptime: number, latencies: TestBatch['latencies'] & object) =>
      encode({ uptime, vms, latencies }, remembered).rows;
    expect(rows(1, every(5))).toBe(512);
    expect(rows(2, every(5))).toBe(0);
    expect(rows(3, [])).toBe(0);
    const [first, second, ...others] = every(5);
    expect(rows(4, [{ ...first!, calls: 6 }, { ...second!, totalUs: 7 }, ...others])).toBe(2);
  });

  it('is sent for another epoch and another day, and when the host was forgotten', () => {
    const remembered = new ChangeFilter();
    const batch = { uptime: 1, vms, latencies: [{ calls: 3 }] };
    const rows = (more: Partial<TestBatch>) => encode({ ...batch, ...more }, remembered).rows;
    expect([rows({}), rows({ uptime: 2 })]).toEqual([1, 0]);
    expect([rows({ uptime: 3 + 86_400 }), rows({ uptime: 4, epoch: 'e2' })]).toEqual([1, 1]);
    remembered.forget([batchOf({ ...batch, series: [] })]);
    expect(rows({ uptime: 5, epoch: 'e2' })).toBe(1);
  });
});
