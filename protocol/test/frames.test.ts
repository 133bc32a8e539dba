import fc from 'fast-check';
import { create, fromBinary } from '@bufbuild/protobuf';
import { sizeDelimitedDecodeStream, sizeDelimitedEncode } from '@bufbuild/protobuf/wire';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { BatchError, frameBatches, splitBatches } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import { errorOf } from './error-of.js';

const LIMITS = { bytes: 300, frames: 5 };
const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });

describe('framed batches', () => {
  it('come back as they were, as views of the body', () => {
    fc.assert(
      fc.property(frames, (encoded) => {
        const body = frameBatches(encoded);
        const split = splitBatches(body, LIMITS);
        expect(split.map((frame) => [...frame])).toEqual(encoded.map((frame) => [...frame]));
        expect(split.every(({ buffer }) => buffer === body.buffer)).toBe(true);
      }),
    );
  });

  it('are framed as any size-delimited messages', async () => {
    const messages = ['a', 'b'.repeat(200)].map((typeUrl) => create(AnySchema, { typeUrl }));
    const theirs = Buffer.concat(messages.map((message) => sizeDelimitedEncode(AnySchema, message)));
    const encoded = splitBatches(theirs);
    expect(encoded.map((bytes) => fromBinary(AnySchema, bytes))).toEqual(messages);
    const ours = frameBatches(encoded);
    const read = [];
    async function* body() {
      yield await Promise.resolve(ours);
    }
    for await (const message of sizeDelimitedDecodeStream(AnySchema, body())) read.push(message);
    expect(read).toEqual(messages);
  });

  it('are a typed error that names the offset, when the body is cut within one', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (encoded, cut) => {
        const body = frameBatches(encoded);
        const length = cut % (body.length + 1);
        const begins = encoded.map((_, i) => frameBatches(encoded.slice(0, i)).length);
        const at = begins.findLastIndex((begin) => begin <= length);
        if (length === body.length || begins.includes(length)) {
          expect(splitBatches(body.subarray(0, length), LIMITS)).toHaveLength(begins.filter((b) => b < length).length);
        } else {
          const error = errorOf(() => splitBatches(body.subarray(0, length), LIMITS));
          expect(error).toMatchObject({ code: 'malformed', field: `frames[${at}]` });
          expect(error.message).toContain(`at byte ${begins[at]} `);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('of any bytes are views within the limits or a typed error', () => {
    const lengths = fc.array(fc.nat(3), { maxLength: 8 }).map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), lengths), (body) => {
        try {
          const split = splitBatches(body, LIMITS);
          expect(split.length).toBeLessThanOrEqual(LIMITS.frames);
          expect([...frameBatches(split)].length).toBeLessThanOrEqual(body.length);
        } catch (error) {
          expect(error).toBeInstanceOf(BatchError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('beyond a limit are refused', () => {
    expect(errorOf(() => splitBatches(frameBatches([new Uint8Array(3), new Uint8Array(301)]), LIMITS))).toMatchObject({
      code: 'too-large',
      field: 'frames[1]',
      message: 'batch too-large: frames[1]: at byte 4 has 301 bytes, the limit is 300',
    });
    expect(splitBatches(new Uint8Array(5), LIMITS)).toHaveLength(5);
    expect(errorOf(() => splitBatches(new Uint8Array(6), LIMITS))).toMatchObject({
      code: 'too-large',
      field: 'frames[5]',
    });
  });

  it('take no length beyond 32 bits for a small one', () => {
    const length = Uint8Array.of(0x81, 0x80, 0x80, 0x80, 0x10, 7);
    expect(errorOf(() => splitBatches(length))).toMatchObject({ code: 'too-large', field: 'frames[0]' });
    expect(errorOf(() => splitBatches(new Uint8Array(11).fill(0xff)))).toMatchObject({ code: 'malformed' });
  });
});
