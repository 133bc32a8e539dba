import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageCursor } from '../../../src/ring/decode/page.js';
import { LAYOUT_4K, encodePage } from './encode.js';
import type { Item } from './encode.js';

const START = 1_000_000_000_000n;

interface Seen {
  ns: number;
  typeId: number;
  length: number;
}

function decode(page: Uint8Array): Seen[] {
  const cursor = new PageCursor(LAYOUT_4K);
  cursor.open(page);
  const seen: Seen[] = [];
  while (cursor.next()) seen.push({ ns: cursor.timestampNs, typeId: cursor.typeId, length: cursor.length });
  return seen;
}

function data(delta: number, typeId: number, length = 4, long = false): Item {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint16(0, typeId, true);
  return { kind: 'data', delta, data: bytes, long };
}

const at = (ns: number, typeId: number, length = 4) => ({ ns: Number(START) + ns, typeId, length });

describe('PageCursor', () => {
  it('reads data with its length in the header and in a word after it', () => {
    const page = encodePage(START, [data(5, 1), data(7, 2, 112), data(1, 3, 116, true), data(1, 4, 8, true)]);
    expect(decode(page)).toEqual([at(5, 1), at(12, 2, 112), at(13, 3, 116), at(14, 4, 8)]);
  });

  it('adds time extends to the next event, and takes absolute stamps with the top bits of the page', () => {
    const stamp = START + 9_000_000_000n;
    const page = encodePage(START, [
      { kind: 'extend', ns: 5_000_000_000n },
      data(3, 1),
      { kind: 'stamp', ns: stamp },
      data(4, 2),
    ]);
    expect(decode(page)).toEqual([at(5_000_000_003, 1), at(9_000_000_004, 2)]);
    const top = 0xf8n << 56n;
    const [high] = decode(encodePage(top + START, [{ kind: 'stamp', ns: top + stamp }, data(0, 1)]));
    expect(high?.ns).toBe(Number(top + stamp));
    // The lower 59 bits may have wrapped since the page was begun.
    const late = (1n << 59n) - 10n;
    const [wrapped] = decode(encodePage(late, [{ kind: 'stamp', ns: late + 4096n }, data(0, 1)]));
    expect(wrapped?.ns).toBe(Number(late + 4096n));
  });

  it('skips discarded events with their time, of which 1 stands for none, and all after the end', () => {
    const page = encodePage(START, [
      { kind: 'discarded', delta: 10, words: 3 },
      data(1, 1),
      { kind: 'discarded', delta: 1, words: 1 },
      data(1, 2),
      { kind: 'end' },
      data(1, 3),
    ]);
    expect(decode(page)).toEqual([at(11, 1), at(12, 2)]);
  });

  it('tells of lost events, with and without their number', () => {
    const cursor = new PageCursor(LAYOUT_4K);
    cursor.open(encodePage(START, [data(1, 1)], 4092n));
    expect(cursor.missed).toBe(4092);
    expect(cursor.next()).toBe(true);
    expect(cursor.next()).toBe(false);
    cursor.open(encodePage(START, [data(1, 1)], 'unknown'));
    expect(cursor.missed).toBe('unknown');
    cursor.open(encodePage(START, [data(1, 1)], 2n ** 64n - 1n));
    expect(cursor.missed).toBe('unknown');
    cursor.open(encodePage(START, [data(1, 1)]));
    expect(cursor.missed).toBe(0);
  });

  it('reads any sequence of events back as it was written', () => {
    const item: fc.Arbitrary<Item> = fc.oneof(
      fc
        .record({
          delta: fc.nat(2 ** 27 - 1),
          typeId: fc.nat(0xffff),
          words: fc.integer({ min: 1, max: 28 }),
          long: fc.boolean(),
        })
        .map(({ delta, typeId, words, long }) => data(delta, typeId, words * 4, long)),
      fc.record({ kind: fc.constant('extend' as const), ns: fc.bigInt({ min: 0n, max: 1n << 45n }) }),
      fc.record({
        kind: fc.constant('discarded' as const),
        delta: fc.integer({ min: 2, max: 9999 }),
        words: fc.nat(9).map((n) => n + 1),
      }),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 30 }), (items) => {
        let ns = Number(START);
        const expected: Seen[] = [];
        for (const each of items) {
          ns += each.kind === 'extend' ? Number(each.ns) : 'delta' in each ? each.delta : 0;
          if (each.kind !== 'data') continue;
          const typeId = new DataView(each.data.buffer).getUint16(0, true);
          expected.push({ ns, typeId, length: each.data.length });
        }
        expect(decode(encodePage(START, items))).toEqual(expected);
      }),
    );
  });

  it('delivers what a page that was cut short still has, and then says where it ends', () => {
    const page = encodePage(START, [data(1, 1), data(1, 2), data(1, 3)], 7n);
    const cursor = new PageCursor(LAYOUT_4K);
    for (let length = 16; length < 16 + 3 * 8; length++) {
      cursor.open(page.subarray(0, length));
      for (let whole = 0; whole < Math.floor((length - 16) / 8); whole++) expect(cursor.next()).toBe(true);
      expect(() => cursor.next()).toThrow(
        expect.objectContaining({ code: 'cut-short', unit: 'byte', position: length }),
      );
      expect(cursor.next()).toBe(false);
    }
    for (let length = 0; length < 16; length++) {
      expect(() => {
        cursor.open(page.subarray(0, length));
      }).toThrow(expect.objectContaining({ code: 'cut-short', position: length }));
      expect(cursor.next()).toBe(false);
    }
  });

  it.each([
    ['a commit beyond the page', 8, [0x1000], 8],
    ['a sign without its flag', 12, [0xffffffff], 8],
    ['an event beyond the data', 16, [28], 16],
    ['an event without room for its type', 16, [0, 4], 16],
    ['an event of half a word', 16, [0, 10], 16],
    ['padding beyond the data', 16, [(9 << 5) | 29, 100], 16],
    ['padding of less than its own length', 16, [(9 << 5) | 29, 0], 16],
    ['a time extend that is cut off by the end of the data', 16, [2, 0, 0, 30], 28],
  ])('refuses %s', (_what, offset, words, position) => {
    const page = encodePage(START, [data(1, 1), data(1, 2)]);
    const view = new DataView(page.buffer, page.byteOffset);
    words.forEach((word, i) => {
      view.setUint32(offset + 4 * i, word, true);
    });
    expect(() => decode(page)).toThrow(expect.objectContaining({ name: 'RingError', code: 'malformed', position }));
  });

  it('delivers all events of a page that was cut short in the number of lost ones', () => {
    const cursor = new PageCursor(LAYOUT_4K);
    cursor.open(encodePage(START, [data(1, 1)], 7n).subarray(0, 16 + 8 + 4));
    expect(cursor.missed).toBe('unknown');
    expect(cursor.next()).toBe(true);
    expect(cursor.next()).toBe(false);
  });

  it('refuses a number of lost events that the page has no room for', () => {
    const page = encodePage(START, [data(1, 1)], 1n);
    new DataView(page.buffer, page.byteOffset).setUint32(8, (0xc0000000 | 4080) >>> 0, true);
    expect(() => decode(page)).toThrow(expect.objectContaining({ code: 'malformed', position: 4096 }));
  });
});
