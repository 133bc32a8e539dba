/** Any bytes give events or a RingError, and end: arbitrary ones, and real pages of which some bytes were changed. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { RingError } from '../../../src/ring/decode/error.js';
import { parseFormat } from '../../../src/ring/decode/format.js';
import { checkHeaderEvent, parseHeaderPage } from '../../../src/ring/decode/header.js';
import { PageCursor } from '../../../src/ring/decode/page.js';
import { parseStats } from '../../../src/ring/decode/stats.js';
import { LAYOUT_4K } from './encode.js';
import { fixture, fixtureRing } from './recorded.js';

/** Walks a page to its end whatever it holds, and checks that each event lies in it, after the one before. */
function walk(page: Uint8Array): { events: number; error: RingError | undefined } {
  const cursor = new PageCursor(LAYOUT_4K);
  let events = 0;
  let end = LAYOUT_4K.dataOffset;
  try {
    cursor.open(page);
    while (cursor.next()) {
      events++;
      const inside = cursor.offset >= end + 4 && cursor.offset + cursor.length <= page.length;
      // Not by expect: it is asked millions of times.
      if (!inside || Number.isNaN(cursor.timestampNs)) throw new Error(`event ${events} at ${cursor.offset}`);
      end = cursor.offset + cursor.length;
    }
    return { events, error: undefined };
  } catch (error) {
    if (!(error instanceof RingError)) throw error;
    expect(error.unit).toBe('byte');
    expect(error.position).toBeLessThanOrEqual(LAYOUT_4K.size);
    expect(cursor.next()).toBe(false);
    return { events, error };
  }
}

describe('PageCursor under any bytes', () => {
  let pages: Uint8Array[];

  beforeAll(async () => {
    const { raw } = await fixtureRing();
    pages = raw.flatMap((file) =>
      Array.from({ length: file.length / 4096 }, (_, i) => file.subarray(i * 4096, (i + 1) * 4096)),
    );
  });

  it('reads arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        walk(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads arbitrary data after a header that is right', () => {
    let found = { events: 0, errors: 0 };
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 400, size: 'max' }), (bytes) => {
        const page = Buffer.alloc(4096);
        page.writeUInt32LE(bytes.length, 8);
        page.set(bytes, 16);
        const { events, error } = walk(page);
        found = { events: found.events + events, errors: found.errors + (error ? 1 : 0) };
      }),
      { numRuns: 2000 },
    );
    // Else it would not have gone where events are.
    expect(found.events).toBeGreaterThan(100);
    expect(found.errors).toBeGreaterThan(100);
  });

  it('reads all events of real pages that are whole', () => {
    const walks = pages.map(walk);
    expect(walks.reduce((sum, { events }) => sum + events, 0)).toBe(342);
    expect(walks.filter(({ error }) => error)).toEqual([]);
  });

  it('reads real pages with bytes changed or cut off', () => {
    const changes = fc.array(fc.record({ offset: fc.nat(4095), value: fc.nat(255) }), { maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(4), changes, fc.option(fc.nat(4096)), (i, changed, length) => {
        const page = Uint8Array.from(pages[i] ?? []);
        for (const { offset, value } of changed) page[offset] = value;
        walk(page.subarray(0, length ?? page.length));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('text files under any change', () => {
  const parsers = [
    ['kvm_hcall_enter.format', parseFormat],
    ['header_page', parseHeaderPage],
    ['header_event', checkHeaderEvent],
    ['stats', parseStats],
  ] as const;

  it.each(parsers)('%s is read or refused with the line', async (name, parse) => {
    const text = await fixture(name);
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(5), fc.string({ maxLength: 5 }), (at, drop, insert) => {
        try {
          parse(text.slice(0, at) + insert + text.slice(at + drop));
        } catch (error) {
          if (!(error instanceof RingError)) throw error;
          expect(error.unit).toBe('line');
        }
      }),
      { numRuns: 1000 },
    );
  });
});
