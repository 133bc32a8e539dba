/** Rows in ClickHouse's RowBinary format, one after the other in one growing buffer. */
import { idToBytes } from '@tcewatch/protocol';

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
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  length.push(rest);
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** A UUID: two UInt64, the high half first, each little endian. */
export function rowBinaryUuid(id: string): Buffer {
  const bytes = idToBytes(id);
  return Buffer.concat([bytes.subarray(0, 8).reverse(), bytes.subarray(8).reverse()]);
}

/** An Int64, which is what DateTime64 is. */
export function rowBinaryInt64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}
