/** Latencies of a batch to rows of the table `latencies`, in RowBinary and without an object for each row. */
import { HYPERCALL_NAMES, LATENCY_BUCKETS, SPANS } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { StoreError } from '../../model.js';
import { HEAD_COLUMNS, HYPERCALL_INDEX, encodeHeads } from './heads.js';
import type { WrittenHost } from './change-filter.js';
import { writeU64 } from './row-buffer.js';
import type { RowBuffer } from './row-buffer.js';

/** The columns in the order in which they are encoded. */
export const LATENCIES_COLUMNS = [...HEAD_COLUMNS, 'hypercall', 'span', 'bucket', 'calls', 'total_us'] as const;

/** Bytes of the columns from `hypercall` on: Enum16, Enum8, UInt8, two UInt64. */
const TAIL = 2 + 1 + 1 + 8 + 8;

/** Figures of a VM: two for every bucket that it can have. */
const FIGURES = 2 * SPANS.length * HYPERCALL_NAMES.length * LATENCY_BUCKETS;

/** Encodes a row for each bucket that has changed, as `encodeReadings` does for counters. */
export function encodeLatencies(batch: Batch, known: WrittenHost | undefined, into: RowBuffer): void {
  if (!batch.latencies) return;
  const { length, vm, span, hypercall, bucket, calls, totalUs } = batch.latencies;
  const heads = encodeHeads(batch);
  const lives = batch.vms.map(({ life }) => known?.lives.get(life));
  into.reserve(length * (heads.size + TAIL));
  const { buffer, view } = into;
  for (let i = 0; i < length; i++) {
    const owner = vm[i] ?? 0;
    const opcode = hypercall[i] ?? 0;
    const known = lives[owner];
    if (known) {
      known.latencies ??= new Float64Array(FIGURES).fill(NaN);
      const row = (span[i] ?? 0) * HYPERCALL_NAMES.length + (HYPERCALL_INDEX.get(opcode) ?? 0);
      const at = 2 * (row * LATENCY_BUCKETS + (bucket[i] ?? 0));
      if (known.latencies[at] === calls[i] && known.latencies[at + 1] === totalUs[i]) continue;
      known.latencies[at] = calls[i] ?? 0;
      known.latencies[at + 1] = totalUs[i] ?? 0;
    }
    const head = heads.of[owner];
    if (!head)
      throw new StoreError(`latency ${i} of host ${batch.host.id} names VM ${owner}, which the batch has not`, false);
    buffer.set(head, into.length);
    const at = into.length + heads.size;
    view.setInt16(at, opcode, true);
    // Enumerators of the schema count from 1, as on the wire; columns index the vocabulary.
    buffer[at + 2] = (span[i] ?? 0) + 1;
    buffer[at + 3] = bucket[i] ?? 0;
    writeU64(view, at + 4, calls[i] ?? 0);
    writeU64(view, at + 12, totalUs[i] ?? 0);
    into.length = at + TAIL;
    into.rows++;
  }
}
