import { deriveId, idFromBytes, idToBytes, isId } from '@tcewatch/protocol';
import { expect, it } from 'vitest';

it('writes sixteen bytes as a UUID and reads them back', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
  expect(idFromBytes(bytes)).toBe('00112233-4455-6677-8899-aabbccddeeff');
  expect(idToBytes('00112233-4455-6677-8899-aabbccddeeff')).toEqual(bytes);
  expect(() => idFromBytes(new Uint8Array(15))).toThrow('16 bytes');
  expect(() => idToBytes('hot')).toThrow('"hot"');
});

it('derives the same identifier from the same parts, and from no others', () => {
  expect(deriveId('a', 1)).toBe(deriveId('a', 1n));
  expect(deriveId('a', 1)).not.toBe(deriveId('a1'));
  expect(isId(deriveId('a'))).toBe(true);
});
