/**
 * Several batches in one body: each preceded by its length as a varint, which is the size-delimited framing of Protocol
 * Buffers. What a frame holds is not looked at here.
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { BatchError } from './errors.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { BatchLimits } from './limits.js';

/** Builds the body that {@link splitBatches} gives these encoded batches back from. */
export function frameBatches(encoded: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const bytes of encoded) writer.bytes(bytes);
  return writer.finish();
}

/**
 * Splits a body into its encoded batches, as views of it; none for an empty body. Throws {@link BatchError}:
 * `malformed` for a frame that is cut off or whose length is no varint, `too-large` for a frame beyond `limits.bytes`
 * or more frames than `limits.frames`. `field` is `frames[i]`, and the message names the offset in the body.
 */
export function splitBatches(
  body: Uint8Array,
  limits: Readonly<Pick<BatchLimits, 'bytes' | 'frames'>> = DEFAULT_LIMITS,
): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const reader = new BinaryReader(body);
  while (reader.pos < reader.len) {
    const [field, offset] = [`frames[${frames.length}]`, reader.pos];
    if (frames.length === limits.frames) {
      throw new BatchError('too-large', field, `at byte ${offset} is beyond the limit of ${limits.frames} batches`);
    }
    const length = readLength(reader, field);
    if (length > limits.bytes) {
      throw new BatchError('too-large', field, `at byte ${offset} has ${length} bytes, the limit is ${limits.bytes}`);
    }
    const begin = reader.pos;
    if (length > reader.len - begin) {
      const left = reader.len - begin;
      throw new BatchError('malformed', field, `at byte ${offset} has ${length} bytes, of which ${left} are there`);
    }
    reader.pos += length;
    frames.push(body.subarray(begin, reader.pos));
  }
  return frames;
}

/** Reads a length in all 64 bits: 32 would take a length beyond them for a small one, and what follows for frames. */
function readLength(reader: BinaryReader, field: string): number {
  const offset = reader.pos;
  try {
    return Number(reader.uint64());
  } catch (cause) {
    throw new BatchError('malformed', field, `at byte ${offset} has no length`, { cause });
  }
}
