/** Writes sub-buffers as the kernel does, for the encodings that no recording has. */
import type { PageLayout } from '../../../src/ring/decode/header.js';

/** Contents of a sub-buffer, in order. `long`: with a length word though the data would do without. */
export type Item =
  | { kind: 'data'; delta: number; data: Uint8Array; long?: boolean }
  | { kind: 'discarded'; delta: number; words: number }
  | { kind: 'extend'; ns: bigint }
  | { kind: 'stamp'; ns: bigint }
  | { kind: 'end' };

export const LAYOUT_4K: PageLayout = {
  timestampOffset: 0,
  commitOffset: 8,
  dataOffset: 16,
  dataSize: 4080,
  size: 4096,
};

const LOW_27 = (1n << 27n) - 1n;
const LOW_59 = (1n << 59n) - 1n;

export function encodePage(timestamp: bigint, items: readonly Item[], missed?: bigint | 'unknown'): Uint8Array {
  const data = Buffer.concat(items.map(encodeItem));
  const page = Buffer.alloc(LAYOUT_4K.size);
  page.writeBigUInt64LE(timestamp, 0);
  let commit = BigInt(data.length);
  if (missed !== undefined) commit |= 0xffffffff80000000n;
  if (typeof missed === 'bigint') {
    commit |= 0x40000000n;
    page.writeBigUInt64LE(missed, 16 + data.length);
  }
  page.writeBigUInt64LE(commit, 8);
  data.copy(page, 16);
  return page;
}

function encodeItem(item: Item): Buffer {
  switch (item.kind) {
    case 'data':
      return item.long
        ? Buffer.concat([words(item.delta << 5, item.data.length + 4), item.data])
        : Buffer.concat([words((item.delta << 5) | (item.data.length / 4)), item.data]);
    case 'discarded':
      return Buffer.concat([words((item.delta << 5) | 29, item.words * 4), Buffer.alloc(item.words * 4 - 4)]);
    case 'extend':
      return words((Number(item.ns & LOW_27) << 5) | 30, Number(item.ns >> 27n));
    case 'stamp':
      return words((Number(item.ns & LOW_27) << 5) | 31, Number((item.ns & LOW_59) >> 27n));
    case 'end':
      return words(29);
  }
}

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => buffer.writeUInt32LE(value >>> 0, i * 4));
  return buffer;
}
