import { COUNTERS, HYPERCALL_NAMES, SCOPES, deriveId } from '@tcewatch/protocol';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { batchOf } from '@tcewatch/testing/series-batches';
import type { TestBatch } from '@tcewatch/testing/series-batches';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/model.js';
import { encodeReadings } from '../../../src/store/encode/readings.js';
import type { ReadingsBlock } from '../../../src/store/encode/readings.js';
import { ChangeFilter } from '../../../src/store/encode/change-filter.js';
import { temporaryEngine } from '../../embedded-clickhouse/temporary-engine.js';

function encode(batch: TestBatch, remembered?: ChangeFilter): ReadingsBlock {
  const made = batchOf(batch);
  return encodeReadings([{ batch: made, known: remembered?.recall(made) }]);
}

describe('a block', () => {
  it('is Native, with the hosts in a dictionary', () => {
    const batch = batchOf({
      uptime: 0,
      host: 'h\u00e9',
      vms: [{}, { life: '00112233-4455-6677-8899-aabbccddeeff' }],
      series: [{ vm: 1, counter: 'punted', hypercall: 'H_STUFF_TCE', scope: 'other', liobn: 2n ** 64n - 2n, value: 1 }],
    });
    batch.epoch = 'ffeeddcc-bbaa-9988-7766-554433221100';
    batch.clock.wallNs = 0x0102030405060708n;
    batch.series.value[0] = 2 ** 53 - 1;
    const block = encodeReadings([{ batch, known: undefined }]);
    expect(block.rows).toBe(1);
    const text = (word: string): string => `${String.fromCharCode(word.length)}${word}`;
    const column = (name: string, type: string, values: string): string =>
      Buffer.from(text(name) + text(type)).toString('hex') + values;
    expect(Buffer.concat(block.encoded().parts).toString('hex')).toBe(
      [
        '0901', // Columns and rows.
        column(
          'host',
          'LowCardinality(String)',
          '0100000000000000' + '0206000000000000' + '0100000000000000' + '0368c3a9' + '0100000000000000' + '00000000',
        ),
        column('epoch', 'UUID', '8899aabbccddeeff' + '0011223344556677'),
        column('at', "DateTime64(9, 'UTC')", '0807060504030201'),
        column('life', 'UUID', '7766554433221100' + 'ffeeddccbbaa9988'),
        column('hypercall', 'Int16', '3801'), // 312
        column('counter', 'Int8', '02'),
        column('scope', 'Int8', '03'),
        column('liobn', 'UInt64', 'feffffffffffffff'),
        column('value', 'UInt64', 'ffffffffffff1f00'),
      ].join(''),
    );
  });

  it('has its rows in the order of the table, whatever the order of hosts, lives, series and readings', async () => {
    const engine = await temporaryEngine();
    try {
      const remembered = new ChangeFilter();
      const lives = [1, 2, 3, 4, 5, 6].map((n) => ({ life: deriveId('vm', n) }));
      const told = [10, 20, 30].flatMap((uptime) =>
        ['b', 'a'].map((host) => {
          const series = lives.flatMap((_, vm) =>
            [5n, 1n, 2n ** 40n].flatMap((liobn) =>
              HYPERCALL_NAMES.toReversed().map((hypercall) => ({ vm, liobn, hypercall, value: uptime })),
            ),
          );
          const batch = batchOf({ uptime, host, vms: lives, series });
          return { batch, known: remembered.recall(batch) };
        }),
      );
      const block = encodeReadings(told);
      expect(block.rows).toBe(3 * 2 * 6 * 3 * 4);
      const run = (sql: string) => engine.run({ sql, format: 'TabSeparated', preparation: [] });
      const file = await temporaryDirectory();
      const path = join(file.path, 'block');
      await writeFile(path, Buffer.concat(block.encoded().parts));
      const key = '(host, life, hypercall, counter, scope, liobn, epoch, at)';
      const { bytes } = await run(
        `SELECT count(), groupArray(k) = arraySort(groupArray(k)) FROM (SELECT ${key} AS k FROM file('${path}', Native))`,
      );
      await file.remove();
      expect(Buffer.from(bytes).toString()).toBe(`${block.rows}\t1\n`);
    } finally {
      await engine.close();
    }
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
    const remembered = new ChangeFilter();
    const rows = (uptime: number, value: number, others: Partial<TestBatch> = {}): number =>
      encode({ uptime, vms, series: series(value), ...others }, remembered).rows;
    expect(rows(1, 5)).toBe(9);
    expect(rows(2, 5)).toBe(0);
    expect(rows(3, 6)).toBe(9);
    expect(rows(4, 6, { series: [...series(6).slice(1), { value: 7 }] })).toBe(1);
    expect(rows(5, 6, { series: series(6).toReversed() })).toBe(1);
  });

  it('is remembered of each kind of series in its own right', () => {
    const kinds = COUNTERS.flatMap((counter) =>
      HYPERCALL_NAMES.flatMap((hypercall) => SCOPES.map((scope) => ({ counter, hypercall, scope, liobn: 0n }))),
    );
    // A LIOBN above whose keys those of another LIOBN must not begin.
    const series = [0n, 1n, 2n ** 46n].flatMap((liobn) => kinds.map((kind, value) => ({ ...kind, liobn, value })));
    const remembered = new ChangeFilter();
    expect(encode({ uptime: 1, series }, remembered).rows).toBe(series.length);
    expect(encode({ uptime: 2, series }, remembered).rows).toBe(0);
  });

  it('is sent for another epoch, another host, another hour, and a batch from before', () => {
    const remembered = new ChangeFilter();
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
    const remembered = new ChangeFilter();
    const batch = { uptime: 1, vms, series: series(5) };
    encode(batch, remembered);
    remembered.forget([batchOf(batch)]);
    expect(encode(batch, remembered).rows).toBe(9);
  });
});

describe('what is remembered', () => {
  it('is of the lives that the newest batch tells of', () => {
    const remembered = new ChangeFilter();
    const [a, b] = [deriveId('a'), deriveId('b')];
    const told = (uptime: number, lives: string[]): string[] => {
      const host = remembered.recall(batchOf({ uptime, vms: lives.map((life) => ({ life })), series: [] }));
      return [...(host?.lives.keys() ?? [])];
    };
    expect(told(1, [a, b])).toEqual([a, b]);
    expect(told(2, [b])).toEqual([b]);
  });

  it('does not grow with LIOBNs that come and go', () => {
    const remembered = new ChangeFilter();
    let size = 0;
    for (let i = 0; i < 100; i++) {
      const batch = batchOf({ uptime: i, series: [1, 2, 3].map((n) => ({ liobn: BigInt(3 * i + n), value: 1 })) });
      const host = remembered.recall(batch);
      encodeReadings([{ batch, known: host }]);
      size = Math.max(size, host?.layout?.sent.length ?? 0);
    }
    expect(size).toBe(3);
  });

  it('is of so many hosts, and the one silent for longest goes first', () => {
    const remembered = new ChangeFilter(2);
    const rows = (host: string): number => encode({ uptime: 1, host, series: [{ value: 1 }] }, remembered).rows;
    expect([rows('a'), rows('b'), rows('a'), rows('c')]).toEqual([1, 1, 0, 1]);
    expect([rows('a'), rows('c'), rows('b')]).toEqual([0, 0, 1]);
  });
});
