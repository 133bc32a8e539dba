/** Rows in ClickHouse's RowBinary format, one after the other in one growing buffer. */
import { isId } from '@tcewatch/protocol';

/** Grows by doubling; `bytes` is a view of what was written. */
export class RowBuffer {
  rows = 0;
  length = 0;
  buffer: Buffer;
  view: DataView;

  constructor(capacity = 1 << 16) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
    this.view = new DataView(this.buffer.buffer);
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + size));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}

/** A String: its length as a varint, then its UTF-8 bytes. */
export function rowBinaryString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** Varint of a whole number below 2^31. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Writes an integer from 0 to 2^53 - 1 as UInt64. */
export function writeU64(into: DataView, at: number, value: number): void {
  into.setUint32(at, value, true);
  into.setUint32(at + 4, value / 2 ** 32, true);
}

/** Writes a UUID, which is two UInt64, the high half first, each little endian; throws RangeError for other text. */
export function writeUuid(into: Buffer, at: number, id: string): void {
  if (!isId(id)) throw new RangeError(`not an identifier: ${JSON.stringify(id)}`);
  into.write(id.replaceAll('-', ''), at, 'hex');
  into.subarray(at, at + 16).swap64();
}

/** Identifiers as {@link writeUuid} writes them, four words each. */
export function uuidWords(ids: readonly string[]): Uint32Array {
  const words = new Uint32Array(4 * ids.length);
  const bytes = Buffer.from(words.buffer);
  ids.forEach((id, i) => {
    writeUuid(bytes, 16 * i, id);
  });
  return words;
}
