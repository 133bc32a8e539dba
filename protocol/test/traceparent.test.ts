import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { continueTrace, decodeBatch, encodeBatch, traceparentOf } from '@tcewatch/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batches } from './arbitraries.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const READING = `00-${TRACE}-00f067aa0ba902b7-01`;
const DELIVERY = `00-${TRACE}-b7ad6b7169203331-01`;

describe('the trace context of a batch', () => {
  it('is found without decoding the batch', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        expect(traceparentOf(encodeBatch(batch))).toBe(batch.traceparent);
      }),
    );
  });

  it.each([
    ['no traceparent at all', 'yesterday\u0000'],
    ['of a version that is not known', READING.replace('00-', 'ff-')],
    ['in capitals', READING.toUpperCase()],
    ['with something behind it', `${READING}-00`],
  ])('is ignored when it is %s: the counts are good', (_, text) => {
    const [batch] = fc.sample(batches, 1);
    const { traceparent, ...counts } = batch!;
    const spoilt = new BinaryWriter().tag(18, WireType.LengthDelimited).string(text).finish();
    const bytes = Buffer.concat([encodeBatch({ ...counts, ...(traceparent && { traceparent }) }), spoilt]);
    expect(decodeBatch(bytes)).toEqual(counts);
    expect(traceparentOf(bytes)).toBeUndefined();
  });

  it('goes on from the last step, if that was of the same trace', () => {
    const batch = { sequence: 7, traceparent: READING };
    expect(continueTrace(batch, DELIVERY)).toEqual({ sequence: 7, traceparent: DELIVERY });
    const other = DELIVERY.replace(TRACE, 'a'.repeat(32));
    for (const last of [other, 'no traceparent', undefined]) expect(continueTrace(batch, last)).toBe(batch);
    const untraced: { traceparent?: string } = {};
    expect(continueTrace(untraced, DELIVERY)).toBe(untraced);
  });
});
