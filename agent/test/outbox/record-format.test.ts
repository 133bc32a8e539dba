import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MARK,
  MARK_OFFSET,
  encodeRecord,
  decodeRecord,
  scanSegment,
  segmentHeader,
} from '../../src/outbox/record-format.js';
import type { Description } from '../../src/outbox/record-format.js';

const description: Description = { hostId: 'h', epoch: 'e', takenWallMs: 7 };
const record = (...bytes: number[]) => encodeRecord(description, { bytes: Uint8Array.from(bytes) });
const segment = (...records: Buffer[]) => Buffer.concat([segmentHeader(), ...records]);

/** The batches that a scan finds, in hexadecimal. */
const found = (bytes: Buffer) =>
  scanSegment(bytes).waiting.map(({ offset, size }) =>
    Buffer.from(decodeRecord(bytes.subarray(offset, offset + size))?.bytes ?? 'nothing').toString('hex'),
  );

describe('scanSegment', () => {
  it('finds what was written, but not what is done with', () => {
    const done = record(2, 2);
    done.writeUInt8(MARK.gone, MARK_OFFSET);
    const bytes = segment(record(1), done, record());
    expect(found(bytes)).toEqual(['01', '']);
    expect(scanSegment(bytes)).toMatchObject({ tornAt: undefined, corrupt: undefined, waiting: [{ description }, {}] });
  });

  it('cuts the last record off wherever it was cut short', () => {
    const whole = segment(record(1), record(2));
    const last = whole.length - record(2).length;
    for (let length = last + 1; length < whole.length; length++) {
      const scan = scanSegment(whole.subarray(0, length));
      expect(scan).toMatchObject({ tornAt: last, corrupt: undefined });
      expect(scan.waiting).toHaveLength(1);
    }
    expect(scanSegment(whole.subarray(0, last))).toMatchObject({ tornAt: undefined, corrupt: undefined });
    expect(found(whole)).toEqual(['01', '02']);
  });

  it('takes for torn what a crash of the host leaves: a header cut short, zeros, a last record of which a part is zeros', () => {
    const header = segmentHeader();
    for (let length = 0; length < header.length; length++) {
      expect(scanSegment(header.subarray(0, length))).toMatchObject({ tornAt: 0, corrupt: undefined, waiting: [] });
    }
    expect(scanSegment(Buffer.alloc(100))).toMatchObject({ tornAt: 0, corrupt: undefined });
    const zeros = segment(record(1), Buffer.alloc(4096));
    expect(scanSegment(zeros)).toMatchObject({ tornAt: segment(record(1)).length, corrupt: undefined });
    const partly = segment(record(1), record(2).fill(0, 40));
    expect(scanSegment(partly)).toMatchObject({ tornAt: segment(record(1)).length, corrupt: undefined });
  });

  it('finds the records behind a damaged one, and says where the damage is', () => {
    const damaged = record(2);
    damaged[damaged.length - 1]! ^= 1;
    const bytes = segment(record(1), damaged, record(3));
    expect(found(bytes)).toEqual(['01', '03']);
    expect(scanSegment(bytes).corrupt).toBe(`the record at byte ${segment(record(1)).length} is damaged`);
    const headless = record(2);
    headless[0]! ^= 1;
    expect(found(segment(record(1), headless, record(3)))).toEqual(['01']);
    expect(scanSegment(segment(headless)).corrupt).toBe('no record begins at byte 16');
    expect(scanSegment(Buffer.from('something else altogether')).corrupt).toMatch(/does not begin as a segment/);
  });

  it('never finds a record that was not written, whatever becomes of the bytes, and says that something did', () => {
    const batches = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 });
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(batches, damage, fc.option(fc.nat()), (all, flips, cut) => {
        const whole = segment(...all.map((bytes) => encodeRecord(description, { bytes })));
        const bytes = Buffer.from(whole);
        for (const [at, bit] of flips) bytes[at % bytes.length]! ^= 1 << bit;
        const left = bytes.subarray(0, cut === null ? undefined : cut % (bytes.length + 1));
        const written = all.map((batch) => Buffer.from(batch).toString('hex'));
        const scan = scanSegment(left);
        let from = 0;
        for (const batch of found(left)) {
          const at = written.indexOf(batch, from);
          expect(at).toBeGreaterThanOrEqual(0);
          from = at + 1;
        }
        const isWhole = scan.tornAt === undefined && scan.corrupt === undefined;
        // Only a mark can change without a trace; a cut between two records has none either.
        if (isWhole && cut === null) expect(scan.waiting.length).toBe(all.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a record whose mark is neither for one that waits', () => {
    const odd = record(5);
    odd.writeUInt8(0, MARK_OFFSET);
    expect(found(segment(odd))).toEqual(['05']);
  });
});

describe('decodeRecord', () => {
  it('takes nothing but a whole record for one', () => {
    const whole = record(1, 2, 3);
    expect(decodeRecord(whole)).toMatchObject({ description });
    expect(decodeRecord(whole.subarray(1))).toBeUndefined();
    expect(decodeRecord(whole.subarray(0, -1))).toBeUndefined();
    expect(decodeRecord(Buffer.concat([whole, Buffer.of(0)]))).toBeUndefined();
    expect(decodeRecord(Buffer.alloc(0))).toBeUndefined();
    expect(decodeRecord(encodeRecord({ hostId: 'h' } as Description, { bytes: Buffer.of(1) }))).toBeUndefined();
  });
});
