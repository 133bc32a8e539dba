/**
 * The bytes of an outbox on disk. Pure. All numbers are little-endian.
 *
 *     segment   = magic "TCEWOBOX", u32 version, u32 CRC of the 12 bytes before; then records
 *     record    = u32 size of the body, u32 CRC of the body, u32 CRC of the 8 bytes before, u8 mark; then the body
 *     body      = u32 size of the description, the description (JSON), the encoded batch
 *
 * The CRC is CRC-32 (ISO 3309, as in zlib). The mark is not covered by it, since it is overwritten in place when a record
 * is done with: one byte, so that no crash can leave half of it. A record whose mark is neither is as if it were waiting,
 * and a batch that is delivered again changes nothing.
 */
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { EncodedBatch } from '../transport/transport.js';

export const SEGMENT_VERSION = 1;
export const SEGMENT_HEADER_BYTES = 16;
export const RECORD_HEADER_BYTES = 13;
/** Offset of the mark from the beginning of a record. */
export const MARK_OFFSET = 12;
/** Values of the mark; no flip of a few bits makes one of the other. */
export const MARK = { waiting: 0x5a, gone: 0xa5 } as const;

const MAGIC = Buffer.from('TCEWOBOX');

const descriptionSchema = z.object({
  hostId: z.string(),
  epoch: z.string(),
  /** Time of the reading in milliseconds since 1970: no other clock outlives the agent. */
  takenWallMs: z.number(),
});

/** Description of a batch in its record. */
export type Description = z.output<typeof descriptionSchema>;

/** Extent of a record in its segment, mark and all. */
export interface Extent {
  offset: number;
  size: number;
}

export interface Scan {
  /** Records that are not done with, in order. */
  waiting: (Extent & { description: Description })[];
  /** Offset of what a crash cut short, up to the end; undefined when the segment ends with a whole record. */
  tornAt: number | undefined;
  /** Damage that was not left by a crash, with its offset; undefined when there is none. */
  corrupt: string | undefined;
}

export function segmentHeader(): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(SEGMENT_VERSION, MAGIC.length);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  return header;
}

export function encodeRecord(description: Description, { bytes }: Pick<EncodedBatch, 'bytes'>): Buffer {
  const text = Buffer.from(JSON.stringify(description));
  const bodyBytes = 4 + text.length + bytes.length;
  const record = Buffer.alloc(RECORD_HEADER_BYTES + bodyBytes);
  const body = record.subarray(RECORD_HEADER_BYTES);
  body.writeUInt32LE(text.length);
  text.copy(body, 4);
  body.set(bytes, 4 + text.length);
  record.writeUInt32LE(bodyBytes, 0);
  record.writeUInt32LE(crc32(body), 4);
  record.writeUInt32LE(crc32(record.subarray(0, 8)), 8);
  record.writeUInt8(MARK.waiting, MARK_OFFSET);
  return record;
}

/** Decodes the batch of one record; undefined when the bytes are not the record that was written. */
export function decodeRecord(record: Buffer): { description: Description; bytes: Buffer } | undefined {
  const bodyBytes = bodySize(record);
  if (bodyBytes === undefined || record.length !== RECORD_HEADER_BYTES + bodyBytes) return undefined;
  const body = record.subarray(RECORD_HEADER_BYTES);
  if (crc32(body) !== record.readUInt32LE(4) || bodyBytes < 4) return undefined;
  const end = 4 + body.readUInt32LE(0);
  const description = end <= bodyBytes ? descriptionOf(body.subarray(4, end)) : undefined;
  return description && { description, bytes: body.subarray(end) };
}

/** Reads a segment through. What is cut or damaged is left out and said; a whole record behind it is still found. */
export function scanSegment(segment: Buffer): Scan {
  const scan: Scan = { waiting: [], tornAt: undefined, corrupt: undefined };
  const header = segmentHeader();
  const begun = segment.subarray(0, SEGMENT_HEADER_BYTES);
  if (!begun.equals(header)) {
    if (isZero(segment) || header.subarray(0, segment.length).equals(begun)) scan.tornAt = 0;
    else scan.corrupt = 'it does not begin as a segment of this version does';
    return scan;
  }
  let offset = SEGMENT_HEADER_BYTES;
  while (offset < segment.length && scan.tornAt === undefined) {
    const rest = segment.subarray(offset);
    const bodyBytes = bodySize(rest);
    if (bodyBytes === undefined) {
      if (rest.length < RECORD_HEADER_BYTES || isZero(rest)) scan.tornAt = offset;
      else scan.corrupt ??= `no record begins at byte ${offset}`;
      return scan;
    }
    const size = RECORD_HEADER_BYTES + bodyBytes;
    const record = decodeRecord(rest.subarray(0, size));
    if (record) {
      if (rest[MARK_OFFSET] !== MARK.gone) scan.waiting.push({ offset, size, description: record.description });
    } else if (rest.length <= size) scan.tornAt = offset;
    else scan.corrupt ??= `the record at byte ${offset} is damaged`;
    offset += size;
  }
  return scan;
}

/** Returns the size of a record's body; undefined when there is no whole header. */
function bodySize(record: Buffer): number | undefined {
  if (record.length < RECORD_HEADER_BYTES) return undefined;
  return crc32(record.subarray(0, 8)) === record.readUInt32LE(8) ? record.readUInt32LE(0) : undefined;
}

function descriptionOf(text: Buffer): Description | undefined {
  try {
    return descriptionSchema.safeParse(JSON.parse(text.toString())).data;
  } catch {
    return undefined;
  }
}

/**
 * Tells whether all bytes are zero, as a file system may leave the end of a file whose size reached the disk before its
 * bytes.
 */
function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
