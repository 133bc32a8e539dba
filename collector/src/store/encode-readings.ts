/** Columns of a batch to rows of the table `readings`, in RowBinary and without an object for each row. */
import { COUNTERS, SCOPES } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { StoreError } from '../model.js';
import { HEAD_COLUMNS, HYPERCALL_INDEX, encodeHeads } from './encode-heads.js';
import type { RememberedHost } from './remembered.js';
import { writeU64 } from './row-buffer.js';
import type { RowBuffer } from './row-buffer.js';

/** The columns in the order in which they are encoded. */
export const READINGS_COLUMNS = [...HEAD_COLUMNS, 'hypercall', 'counter', 'scope', 'liobn', 'value'] as const;

/** Bytes of the columns from `hypercall` on: Enum16, two Enum8, two UInt64. */
const TAIL = 2 + 1 + 1 + 8 + 8;

/** Counter, hypercall and scope of a series as one number below this. */
const KINDS = 128;
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
    writeU64(view, at + 12, calls);
    at += TAIL;
    into.rows++;
  }
  into.length = at;
}
