/** Beginnings of rows in RowBinary, which are the same for all rows of a VM. */
import { HYPERCALL_NAMES, HYPERCALLS } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { rowBinaryString, writeUuid } from './row-buffer.js';

/** Columns in the order in which they are encoded. */
export const HEAD_COLUMNS = ['host', 'epoch', 'at', 'life'] as const;

/** Index of each hypercall in HYPERCALL_NAMES, by opcode. */
export const HYPERCALL_INDEX = new Map<number, number>(HYPERCALL_NAMES.map((name, i) => [HYPERCALLS[name], i]));

const UUID = 16;

/** Encodes HEAD_COLUMNS, of `size` bytes, for each VM of the batch. */
export function encodeHeads(batch: Batch): { size: number; of: Uint8Array[] } {
  const host = rowBinaryString(batch.host.id);
  const size = host.length + UUID + 8 + UUID;
  const bytes = Buffer.alloc(size * batch.vms.length);
  const of = batch.vms.map(({ life }, i) => {
    const start = i * size;
    if (i === 0) {
      bytes.set(host);
      writeUuid(bytes, host.length, batch.epoch);
      bytes.writeBigInt64LE(batch.clock.wallNs, host.length + UUID);
    } else {
      bytes.copyWithin(start, 0, size - UUID);
    }
    writeUuid(bytes, start + size - UUID, life);
    return bytes.subarray(start, start + size);
  });
  return { size, of };
}
