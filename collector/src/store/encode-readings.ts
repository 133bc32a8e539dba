/** Columns of a batch to rows of the table `readings`, in RowBinary and without an object for each row. */
import { COUNTERS, HYPERCALL_NAMES, HYPERCALLS, SCOPES } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { StoreError } from '../model.js';
import type { RememberedHost } from './remembered.js';
import { rowBinaryString, writeUuid } from './row-buffer.js';
import type { RowBuffer } from './row-buffer.js';

/** The columns in the order in which they are encoded: those that are the same for all rows of a VM come first. */
export const READINGS_COLUMNS = [
  'host',
  'epoch',
  'at',
  'life',
  'hypercall',
  'counter',
  'scope',
  'liobn',
  'value',
] as const;

/** Bytes of the columns from `hypercall` on: Enum16, two Enum8, two UInt64. */
const TAIL = 2 + 1 + 1 + 8 + 8;
const UUID = 16;

/** Counter, hypercall and scope of a series as one number below this. */
const KINDS = 128;
const HYPERCALL_INDEX = new Map<number, number>(HYPERCALL_NAMES.map((name, i) => [HYPERCALLS[name], i]));
/** A LIOBN below this fits into a double together with the kind of its series; its high word is below HIGH_WORD. */
const HIGH_WORD = 2 ** (53 - 7 - 32);

/**
 * Appends a row for each series whose value is not the remembered one, and remembers it. Without `remembered` all rows
 * are appended. Throws StoreError for a series of a VM that the batch does not have.
 */
export function encodeReadings(batch: Batch, remembered: RememberedHost | undefined, into: RowBuffer): void {
  const { length, vm, counter, hypercall, scope, liobn, value } = batch.series;
  const heads = encodeHeads(batch);
  const values = batch.vms.map(({ life }) => remembered?.lives.get(life)?.values);
  // Two words for each LIOBN, since reading a BigUint64Array makes an object each time. Low word first: all platforms
  // that Node runs a collector on are little endian.
  const words = new Uint32Array(liobn.buffer, liobn.byteOffset, length * 2);
  into.reserve(length * (heads.size + TAIL));
  const { buffer, view } = into;
  let at = into.length;
  for (let i = 0; i < length; i++) {
    const owner = vm[i] ?? 0;
    const opcode = hypercall[i] ?? 0;
    const calls = value[i] ?? 0;
    const low = words[2 * i] ?? 0;
    const high = words[2 * i + 1] ?? 0;
    const known = values[owner];
    if (known) {
      const kind =
        ((HYPERCALL_INDEX.get(opcode) ?? 0) * COUNTERS.length + (counter[i] ?? 0)) * SCOPES.length + (scope[i] ?? 0);
      const key =
        high < HIGH_WORD ? (high * 2 ** 32 + low) * KINDS + kind : (liobn[i] ?? 0n) * BigInt(KINDS) + BigInt(kind);
      if (known.get(key) === calls) continue;
      known.set(key, calls);
    }
    const start = heads.of[owner];
    if (!start)
      throw new StoreError(`series ${i} of host ${batch.host.id} names VM ${owner}, which the batch has not`, false);
    buffer.set(start, at);
    at += heads.size;
    view.setInt16(at, opcode, true);
    // Enumerators of the schema count from 1, as on the wire; columns index the vocabulary.
    buffer[at + 2] = (counter[i] ?? 0) + 1;
    buffer[at + 3] = (scope[i] ?? 0) + 1;
    view.setUint32(at + 4, low, true);
    view.setUint32(at + 8, high, true);
    view.setUint32(at + 12, calls, true);
    view.setUint32(at + 16, calls / 2 ** 32, true);
    at += TAIL;
    into.rows++;
  }
  into.length = at;
}

/** The columns up to `life`, of `size` bytes, for each VM of the batch. */
function encodeHeads(batch: Batch): { size: number; of: Uint8Array[] } {
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
