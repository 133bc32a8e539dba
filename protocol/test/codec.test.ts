import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import {
  BATCH_VERSION,
  BatchError,
  DEFAULT_LIMITS,
  MAX_UINT64,
  decodeBatch,
  encodeBatch,
  latenciesFromRows,
  latencyRow,
  seriesFromRows,
  seriesRow,
} from '@tcewatch/protocol';
import type { Batch, LatencyRow } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import { BatchSchema, file_tcewatch_v1_batch } from '../src/gen/tcewatch/v1/batch_pb.js';
import { batches } from './arbitraries.js';
import { errorOf } from './error-of.js';

/** A batch of version 1 with one VM and one series. */
function first(): Batch {
  return {
    version: 1,
    host: { id: 'h', name: 'p9', kernel: '6.1', cpu: 'POWER9', platform: 'PowerNV', agentVersion: '1', source: 'hist' },
    bootId: '5e2aa261-fbd5-4f85-8d63-40ffc3ffcad6',
    epoch: '00000000-0000-8000-8000-000000000001',
    epochBeganNs: 1n,
    run: '00000000-0000-8000-8000-000000000002',
    sequence: 7,
    clock: { wallNs: 1_795_348_508_671_894_281n, uptimeNs: 6_820_000_000n },
    intervalNs: 10_000_000_000n,
    vms: [
      {
        life: '00000000-0000-8000-8000-000000000003',
        name: 'hot',
        uuid: '1f6f5d0a-92cf-4f0e-8b74-3c1d5e6f7b02',
        tgid: 630,
        startedNs: 44_630_000_000n,
        ended: false,
        facts: { observedNs: 5n, descriptors: { tceTables: 0, vfioGroups: [2, 17] }, memlockBytes: MAX_UINT64 },
        evidence: [{ mode: 'real', evidence: 'absent', reason: 'kernel-without-real-mode' }],
      },
    ],
    series: seriesFromRows([
      { vm: 0, counter: 'entered', hypercall: 'H_PUT_TCE', scope: 'one', liobn: 0x80000000n, value: 10_000 },
    ]),
    accounts: [{ counter: 'entered', seen: 10_001, losses: [{ kind: 'table-full', events: 1 }] }],
    problems: [],
  };
}

const ROUND_TRIP: LatencyRow = {
  vm: 0,
  span: 'round_trip',
  hypercall: 'H_STUFF_TCE',
  bucket: 9,
  calls: 300,
  totalUs: 100_000,
};

/** One with what came with version 2: to damage. */
function sample(): Batch {
  const series = seriesFromRows([
    seriesRow(first().series, 0),
    { vm: 0, counter: 'entered_unsized', hypercall: 'H_STUFF_TCE', scope: 'one', liobn: 0x80000000n, value: 3 },
    { vm: 0, counter: 'punted_unsized', hypercall: 'H_STUFF_TCE', scope: 'all', liobn: 0n, value: 2 },
  ]);
  const latencies = latenciesFromRows([
    { vm: 0, span: 'handled', hypercall: 'H_PUT_TCE_INDIRECT', bucket: 6, calls: 9_700, totalUs: 501_234 },
    ROUND_TRIP,
  ]);
  return { ...first(), version: 2, series, latencies };
}

/** One that was traced, which came with version 3. */
function traced(): Batch {
  return { ...sample(), version: 3, traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
}

describe('a batch', () => {
  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
      }),
    );
  });

  it.each([
    [1, first()],
    [2, sample()],
    [3, traced()],
  ])('of version %i is read for as long as the format lives', async (version, batch) => {
    const golden = await readFile(new URL(`fixtures/batch-v${version}.bin`, import.meta.url));
    expect(decodeBatch(golden)).toEqual(batch);
    expect(version).toBeLessThanOrEqual(BATCH_VERSION);
  });

  it('of a source that measures no times differs from one that has measured none yet', () => {
    expect(decodeBatch(encodeBatch(first())).latencies).toBeUndefined();
    const none = { ...sample(), latencies: latenciesFromRows([]) };
    expect(decodeBatch(encodeBatch(none)).latencies).toEqual(none.latencies);
  });

  it('tells no descriptors from descriptors that could not be read', () => {
    const batch = sample();
    const [vm] = decodeBatch(encodeBatch(batch)).vms;
    expect(vm?.facts?.descriptors).toEqual({ tceTables: 0, vfioGroups: [2, 17] });
    batch.vms[0] = { ...batch.vms[0]!, facts: { observedNs: 5n } };
    const [blind] = decodeBatch(encodeBatch(batch)).vms;
    expect(blind?.facts).toEqual({ observedNs: 5n });
  });
});

describe('a reader', () => {
  it('gives a batch or a typed error for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          decodeBatch(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(BatchError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('gives a batch or a typed error for a real batch with any bytes changed or cut off', () => {
    const good = encodeBatch(sample());
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(good.length), (changes, length) => {
        const bytes = good.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        try {
          const batch = decodeBatch(bytes);
          for (let i = 0; i < batch.series.length; i++)
            expect(seriesRow(batch.series, i).value).toBeGreaterThanOrEqual(0);
          const { latencies } = batch;
          for (let i = 0; latencies && i < latencies.length; i++) {
            const { vm, bucket } = latencyRow(latencies, i);
            expect([vm, bucket < 32]).toEqual([0, true]);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(BatchError);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('skips fields that it does not know', () => {
    const later = new BinaryWriter().tag(900, WireType.LengthDelimited).string('later').finish();
    expect(decodeBatch(Buffer.concat([encodeBatch(sample()), later]))).toEqual(sample());
  });

  it('skips series of counters that it does not know, and keeps the others', () => {
    const batch = sample();
    batch.series = seriesFromRows([
      { vm: 0, counter: 'entered', hypercall: 'H_PUT_TCE', scope: 'one', liobn: 1n, value: 1 },
      { vm: 0, counter: 'entered', hypercall: 'H_PUT_TCE', scope: 'one', liobn: 2n, value: 2 },
    ]);
    batch.series.counter[0] = 99;
    const { series } = decodeBatch(encodeBatch(batch));
    expect(series.length).toBe(1);
    expect(seriesRow(series, 0)).toMatchObject({ liobn: 2n, value: 2 });
  });

  it('of version 1 reads all of a later batch but what came after it', () => {
    const { proto } = file_tcewatch_v1_batch;
    const [batch, ...others] = proto.messageType;
    const later = ['latencies', 'traceparent'];
    const older = { ...batch!, field: batch!.field.filter(({ name }) => !later.includes(name)) };
    const messageType = [older, ...others.filter(({ name }) => name !== 'Latencies')];
    const registry = createFileRegistry({
      $typeName: FileDescriptorSetSchema.typeName,
      file: [{ ...proto, messageType }],
    });
    const schema = registry.getMessage(BatchSchema.typeName) ?? expect.fail();
    const options = { readUnknownFields: false };
    const { latencies, traceparent, ...known } = fromBinary(BatchSchema, encodeBatch(traced()), options);
    expect(latencies?.rows).toBe(2);
    expect(traceparent).toBe(traced().traceparent);
    expect({ ...fromBinary(schema, encodeBatch(traced()), options) }).toEqual(known);
    expect(known.oldestReader).toBe(1);
  });

  it.each<[string, keyof NonNullable<Batch['latencies']> & ('span' | 'hypercall'), number]>([
    ['spans', 'span', 98],
    ['hypercalls', 'hypercall', 0x40],
  ])('skips latencies of %s that it does not know, and keeps the others', (_, column, unknown) => {
    const batch = sample();
    batch.latencies![column][0] = unknown;
    const { latencies } = decodeBatch(encodeBatch(batch));
    expect(latencies).toEqual(latenciesFromRows([ROUND_TRIP]));
  });

  it('reads what a newer writer says that it may, but for what is new in it', () => {
    const newer = new BinaryWriter()
      .tag(1, WireType.Varint)
      .uint32(BATCH_VERSION + 1)
      .tag(900, WireType.LengthDelimited)
      .bytes(new Uint8Array([1, 2, 3]))
      .finish();
    const batch = decodeBatch(Buffer.concat([encodeBatch(sample()), newer]));
    expect(batch).toEqual({ ...sample(), version: BATCH_VERSION + 1 });
  });

  it('refuses a batch whose writer says that it is too old', () => {
    const newer = new BinaryWriter()
      .tag(2, WireType.Varint)
      .uint32(BATCH_VERSION + 1)
      .finish();
    const error = errorOf(() => decodeBatch(Buffer.concat([encodeBatch(sample()), newer])));
    expect(error.code).toBe('unsupported-version');
    expect(error.message).toContain('upgrade the collector');
  });

  it('refuses a VM whose evidence is not there', () => {
    const noSets = new BinaryWriter()
      .tag(12, WireType.LengthDelimited)
      .bytes(
        new BinaryWriter()
          .tag(1, WireType.LengthDelimited)
          .bytes(new Uint8Array(16))
          .tag(8, WireType.Varint)
          .uint32(9)
          .finish(),
      );
    const error = errorOf(() => decodeBatch(Buffer.concat([encodeBatch(sample()), noSets.finish()])));
    expect(error).toMatchObject({ code: 'invalid', field: 'vms[1].evidence_set' });
  });

  it('refuses what exceeds its limits before it builds anything', () => {
    const many = new BinaryWriter();
    for (let i = 0; i < 5000; i++) many.tag(12, WireType.LengthDelimited).bytes(new Uint8Array());
    expect(errorOf(() => decodeBatch(many.finish()))).toMatchObject({ code: 'too-large', field: 'vms' });
    expect(errorOf(() => decodeBatch(new Uint8Array(9 * 1024 * 1024)))).toMatchObject({ code: 'too-large' });
    const two = encodeBatch(sample());
    expect(errorOf(() => decodeBatch(two, { ...DEFAULT_LIMITS, latencies: 1 }))).toMatchObject({
      code: 'too-large',
      field: 'latencies',
    });
    // Field 17 with nothing but a number of rows.
    const rows = new BinaryWriter().tag(17, WireType.LengthDelimited).bytes(Uint8Array.of(0x08, 0x80, 0x80, 0x10));
    expect(errorOf(() => decodeBatch(Buffer.concat([encodeBatch(first()), rows.finish()])))).toMatchObject({
      code: 'malformed',
      field: 'latencies.vm',
    });
  });

  it.each<[string, (batch: Batch) => void, string]>([
    ['a missing host', (b) => (b.host.id = ''), 'host.id'],
    ['a series of a VM that is not there', (b) => (b.series.vm[0] = 1), 'series.vm'],
    ['a latency of a VM that is not there', (b) => (b.latencies!.vm[1] = 1), 'latencies.vm'],
    ['a latency in a bucket that is not there', (b) => (b.latencies!.bucket[1] = 32), 'latencies.bucket'],
    ['a name that would rewrite the terminal', (b) => (b.vms[0]!.name = '\u001b[2J'), 'vms[0].name'],
    ['a name without end', (b) => (b.vms[0]!.name = 'x'.repeat(2000)), 'vms[0].name'],
    ['groups out of order', (b) => (b.vms[0]!.facts!.descriptors!.vfioGroups = [3, 3]), 'vfio_groups'],
    ['a time after 2262', (b) => (b.clock.wallNs = 2n ** 63n), 'wall_ns'],
  ])('names the field of %s', (_, damage, field) => {
    const batch = sample();
    damage(batch);
    expect(errorOf(() => decodeBatch(encodeBatch(batch))).field).toContain(field);
  });

  it('names a counter that is beyond exact numbers, when writing', () => {
    const batch = sample();
    batch.series.value[0] = 2 ** 53;
    expect(errorOf(() => encodeBatch(batch))).toMatchObject({ code: 'invalid', field: 'series.value' });
    const slow = sample();
    slow.latencies!.totalUs[1] = 2 ** 53;
    expect(errorOf(() => encodeBatch(slow))).toMatchObject({ code: 'invalid', field: 'latencies.total_us' });
  });
});
