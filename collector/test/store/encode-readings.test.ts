import { COUNTERS, HYPERCALL_NAMES, SCOPES, deriveId } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/model.js';
import { READINGS_COLUMNS, encodeReadings } from '../../src/store/encode-readings.js';
import { Remembered } from '../../src/store/remembered.js';
import { RowBuffer } from '../../src/store/row-buffer.js';
import { batchOf } from './surroundings.js';
import type { TestBatch } from './surroundings.js';

function encode(batch: TestBatch, remembered?: Remembered): RowBuffer {
  const made = batchOf(batch);
  const rows = new RowBuffer(16);
  encodeReadings(made, remembered?.recall(made), rows);
  return rows;
}

describe('a row', () => {
  it('is RowBinary of the columns in their order', () => {
    const batch = batchOf({
      uptime: 0,
      host: 'h\u00e9',
      vms: [{}, { life: '00112233-4455-6677-8899-aabbccddeeff' }],
      series: [{ vm: 1, counter: 'punted', hypercall: 'H_STUFF_TCE', scope: 'other', liobn: 2n ** 64n - 2n, value: 1 }],
    });
    batch.epoch = 'ffeeddcc-bbaa-9988-7766-554433221100';
    batch.clock.wallNs = 0x0102030405060708n;
    batch.series.value[0] = 2 ** 53 - 1;
    const rows = new RowBuffer(16);
    encodeReadings(batch, undefined, rows);
    expect(READINGS_COLUMNS.join()).toBe('host,epoch,at,life,hypercall,counter,scope,liobn,value');
    expect(rows.bytes.toString('hex')).toBe(
      [
        '0368c3a9',
        '8899aabbccddeeff' + '0011223344556677',
        '0807060504030201',
        '7766554433221100' + 'ffeeddccbbaa9988',
        '3801', // 312
        '02',
        '03',
        'feffffffffffffff',
        'ffffffffffff1f00',
      ].join(''),
    );
    expect(rows.rows).toBe(1);
  });

  it('has a host of any length', () => {
    const host = 'x'.repeat(300);
    expect(
      encode({ uptime: 0, host, series: [{ value: 1 }] })
        .bytes.subarray(0, 3)
        .toString('hex'),
    ).toBe('ac0278');
  });

  it('of a VM that the batch does not have is refused', () => {
    expect(() => encode({ uptime: 0, series: [{ vm: 7, value: 1 }] })).toThrow(StoreError);
  });

  it('of an id that is none is refused', () => {
    expect(() => encode({ uptime: 0, vms: [{ life: 'x' }], series: [{ value: 1 }] })).toThrow(RangeError);
  });
});

describe('what did not change', () => {
  const series = (value: number): TestBatch['series'] =>
    // Series that differ in one label each; the last two LIOBNs are too large for a double together with the rest.
    [
      {},
      { counter: 'punted' as const },
      { hypercall: 'H_GET_TCE' as const },
      { scope: 'all' as const },
      { liobn: 1n },
      { liobn: 2n ** 46n - 1n },
      { liobn: 2n ** 46n },
      { liobn: 2n ** 64n - 1n },
      { vm: 1 },
    ].map((labels) => ({ ...labels, value }));
  const vms = [{}, {}];

  it('is not sent again, and what did is', () => {
    const remembered = new Remembered();
    const rows = (uptime: number, value: number, others: Partial<TestBatch> = {}): number =>
      encode({ uptime, vms, series: series(value), ...others }, remembered).rows;
    expect(rows(1, 5)).toBe(9);
    expect(rows(2, 5)).toBe(0);
    expect(rows(3, 6)).toBe(9);
    expect(rows(4, 6, { series: [...series(6).slice(1), { value: 7 }] })).toBe(1);
  });

  it('is remembered of each kind of series in its own right', () => {
    const kinds = COUNTERS.flatMap((counter) =>
      HYPERCALL_NAMES.flatMap((hypercall) => SCOPES.map((scope) => ({ counter, hypercall, scope, liobn: 0n }))),
    );
    // A LIOBN above whose keys those of another LIOBN must not begin.
    const series = [0n, 1n, 2n ** 46n].flatMap((liobn) => kinds.map((kind, value) => ({ ...kind, liobn, value })));
    const remembered = new Remembered();
    expect(encode({ uptime: 1, series }, remembered).rows).toBe(series.length);
    expect(encode({ uptime: 2, series }, remembered).rows).toBe(0);
  });

  it('is sent for another epoch, another host, another hour, and a batch from before', () => {
    const remembered = new Remembered();
    const rows = (batch: Partial<TestBatch>): number =>
      encode({ uptime: 100, vms, series: series(5), ...batch }, remembered).rows;
    expect(rows({})).toBe(9);
    expect(rows({ uptime: 99 })).toBe(9);
    expect(rows({})).toBe(0);
    expect(rows({ host: 'h2' })).toBe(9);
    expect(rows({ uptime: 3599 })).toBe(0);
    expect(rows({ uptime: 3600 })).toBe(9);
    expect(rows({ uptime: 3601 })).toBe(0);
    expect(rows({ epoch: 'e2' })).toBe(9);
    expect(rows({})).toBe(9);
  });

  it('is sent when the host was forgotten', () => {
    const remembered = new Remembered();
    const batch = { uptime: 1, vms, series: series(5) };
    encode(batch, remembered);
    remembered.forget([batchOf(batch)]);
    expect(encode(batch, remembered).rows).toBe(9);
  });
});

describe('what is remembered', () => {
  it('is of the lives that the newest batch tells of', () => {
    const remembered = new Remembered();
    const [a, b] = [deriveId('a'), deriveId('b')];
    const told = (uptime: number, lives: string[]): string[] => {
      const host = remembered.recall(batchOf({ uptime, vms: lives.map((life) => ({ life })), series: [] }));
      return [...(host?.lives.keys() ?? [])];
    };
    expect(told(1, [a, b])).toEqual([a, b]);
    expect(told(2, [b])).toEqual([b]);
  });

  it('does not grow with LIOBNs that come and go', () => {
    const remembered = new Remembered();
    let size = 0;
    for (let i = 0; i < 100; i++) {
      const batch = batchOf({ uptime: i, series: [1, 2, 3].map((n) => ({ liobn: BigInt(3 * i + n), value: 1 })) });
      const host = remembered.recall(batch);
      encodeReadings(batch, host, new RowBuffer());
      size = Math.max(size, ...[...(host?.lives.values() ?? [])].map(({ values }) => values.size));
    }
    expect(size).toBeLessThanOrEqual(9);
  });

  it('is of so many hosts, and the one silent for longest goes first', () => {
    const remembered = new Remembered(2);
    const rows = (host: string): number => encode({ uptime: 1, host, series: [{ value: 1 }] }, remembered).rows;
    expect([rows('a'), rows('b'), rows('a'), rows('c')]).toEqual([1, 1, 0, 1]);
    expect([rows('a'), rows('c'), rows('b')]).toEqual([0, 0, 1]);
  });
});
