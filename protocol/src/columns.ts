/**
 * Columns of unsigned integers as base-128 varints, one after the other: the bytes of a packed `repeated uint64` of
 * Protocol Buffers, decoded into typed arrays without an object for each value.
 */
import { BatchError } from './errors.js';

/** A typed array that a column decodes into; its element size bounds the values. */
export type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const LARGEST = new Map<number, number>([
  [1, 0xff],
  [2, 0xffff],
  [4, 0xffff_ffff],
  [8, Number.MAX_SAFE_INTEGER],
]);

/** Encodes safe non-negative integers; throws BatchError `invalid` for any other value. */
export function encodeColumn(values: Column, field: string): Uint8Array {
  let size = 0;
  for (const value of values) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new BatchError('invalid', field, `${value} is not an integer from 0 to 2^53 - 1`);
    }
    size++;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const value of values) {
    let rest = value;
    while (rest > 0x7fff_ffff) {
      bytes[at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
  }
  return bytes;
}

/**
 * Decodes as many varints as `into` has elements; throws BatchError `malformed` when the bytes end early or late, or a
 * value does not fit the array's element (2^53 - 1 for Float64Array), naming field and offset.
 */
export function decodeColumn<T extends Column>(bytes: Uint8Array, into: T, field: string): T {
  const largest = LARGEST.get(into.BYTES_PER_ELEMENT) ?? 0;
  let at = 0;
  for (let row = 0; row < into.length; row++) {
    let byte = bytes[at++];
    if (byte === undefined) throw ended(field, row, into.length);
    if (byte < 0x80) {
      into[row] = byte;
      continue;
    }
    let value = byte & 0x7f;
    let scale = 0x80;
    do {
      byte = bytes[at++];
      if (byte === undefined) throw ended(field, row, into.length);
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (value > largest || scale > 2 ** 63) {
        throw new BatchError('malformed', field, `row ${row} at byte ${at - 1} exceeds ${largest}`);
      }
    } while (byte >= 0x80);
    into[row] = value;
  }
  if (at !== bytes.length) {
    throw new BatchError('malformed', field, `${bytes.length - at} bytes follow the last of ${into.length} rows`);
  }
  return into;
}

/**
 * Checks the number of rows. Throws BatchError when a column of the message has fewer bytes than rows: each row takes
 * at least one, so what is allocated for them exceeds what was sent by no more than the size of an element.
 */
export function checkRows(columns: Readonly<Record<string, Uint8Array>>, rows: number, message: string): void {
  for (const [name, { length }] of Object.entries(columns)) {
    if (length < rows) throw new BatchError('malformed', `${message}.${name}`, `has ${length} bytes for ${rows} rows`);
  }
}

function ended(field: string, row: number, rows: number): BatchError {
  return new BatchError('malformed', field, `ends in row ${row} of ${rows}`);
}
