/**
 * The W3C Trace Context that a batch carries (https://www.w3.org/TR/trace-context/, version 00), so that its trace goes
 * on wherever it went meanwhile: through a queue on disk, or together with others in one request.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { BatchSchema } from './gen/tcewatch/v1/batch_pb.js';

/** Version, trace-id, parent-id, trace-flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Gives the text if it is a traceparent; what is none is to be ignored, says the recommendation. */
export function checkedTraceparent(text: string | undefined): string | undefined {
  return text !== undefined && TRACEPARENT.test(text) ? text : undefined;
}

/** Reads the traceparent of an encoded batch, without decoding the rest; undefined where it carries none. */
export function traceparentOf(bytes: Uint8Array): string | undefined {
  const reader = new BinaryReader(bytes);
  let found: string | undefined;
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === BatchSchema.field.traceparent.number && type === WireType.LengthDelimited) found = reader.string();
    else reader.skip(type, number);
  }
  return checkedTraceparent(found);
}

/**
 * Gives the batch with its trace going on from the `last` step that its transport tells of, if that is of the same
 * trace: a request has one traceparent and may hold batches of several traces.
 */
export function continueTrace<T extends { traceparent?: string }>(batch: T, last: string | undefined): T {
  const [trace, other] = [batch.traceparent, last].map((text) => TRACEPARENT.exec(text ?? '')?.[1]);
  return last !== undefined && trace !== undefined && trace === other ? { ...batch, traceparent: last } : batch;
}
