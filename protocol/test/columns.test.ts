import fc from 'fast-check';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { decodeColumn, encodeColumn } from '../src/columns.js';
import { BatchError } from '../src/errors.js';

const values = fc.array(
  fc.oneof(fc.nat(200), fc.maxSafeNat(), fc.constantFrom(127, 128, 2 ** 31, 2 ** 32, 2 ** 53 - 1)),
);

describe('a column', () => {
  it('is the bytes of a packed repeated uint64', () => {
    fc.assert(
      fc.property(values, (numbers) => {
        const writer = new BinaryWriter();
        for (const number of numbers) writer.uint64(BigInt(number));
        const ours = encodeColumn(Float64Array.from(numbers), 'x');
        expect(Buffer.from(ours)).toEqual(Buffer.from(writer.finish()));
        expect([...decodeColumn(ours, new Float64Array(numbers.length), 'x')]).toEqual(numbers);
      }),
    );
  });

  it.each<[string, number[], Uint8Array | Float64Array, string]>([
    ['ends early', [1, 0x80], new Float64Array(2), 'row 1 of 2'],
    ['goes on', [1, 2, 3], new Float64Array(2), '1 bytes follow'],
    ['exceeds its type', [0x80, 0x02], new Uint8Array(1), 'exceeds 255'],
    ['exceeds 2^53 - 1', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], new Float64Array(1), 'exceeds'],
    ['never ends', [...Array<number>(50).fill(0x80), 0], new Float64Array(1), 'exceeds'],
  ])('that %s is refused with its place', (_, bytes, into, words) => {
    expect(() => decodeColumn(Uint8Array.from(bytes), into, 'x')).toThrow(BatchError);
    expect(() => decodeColumn(Uint8Array.from(bytes), into, 'x')).toThrow(words);
  });

  it.each([-1, 1.5, NaN, 2 ** 53])('of %s is refused', (value) => {
    expect(() => encodeColumn(Float64Array.of(value), 'x')).toThrow('2^53 - 1');
  });
});
