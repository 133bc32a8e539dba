import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RingError } from '../../../src/ring/decode/error.js';
import { RingMerge } from '../../../src/ring/decode/merge.js';
import type { PageSource } from '../../../src/ring/decode/merge.js';
import { LAYOUT_4K, encodePage } from './encode.js';

interface Event {
  ns: number;
  cpu: number;
}

/** Events of one CPU as one page, numbered by their place in `all`. */
function pageOf(events: readonly Event[], all: readonly Event[], missed?: bigint | 'unknown'): Uint8Array {
  let last = events[0]?.ns ?? 0;
  const items = events.map((event) => {
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint16(0, all.indexOf(event), true);
    const delta = event.ns - last;
    last = event.ns;
    return { kind: 'data' as const, delta, data };
  });
  return encodePage(BigInt(events[0]?.ns ?? 0), items, missed);
}

/** Records what a merge hands on, as text; events by their number. */
function record(sources: readonly PageSource[]) {
  const log: string[] = [];
  const merge = new RingMerge(LAYOUT_4K, sources, {
    event: (cursor, cpu) => log.push(`${cursor.typeId} on ${cpu}`),
    gap: (cpu, untilNs) => log.push(`gap on ${cpu} until ${untilNs}`),
    damaged: (cpu, error: RingError) => log.push(`damaged on ${cpu} at ${error.position}`),
  });
  return { log, merge };
}

function source(cpu: number, pages: Uint8Array[]): PageSource {
  return { cpu, read: () => pages.shift() };
}

describe('RingMerge', () => {
  it('puts the events of all CPUs in order, over any number of live reads', () => {
    const events = fc
      .array(fc.record({ gap: fc.integer({ min: 1, max: 50 }), cpu: fc.nat(6) }), { maxLength: 120 })
      .map((steps) => {
        let ns = 0;
        return steps.map(({ gap, cpu }): Event => ({ ns: (ns += gap), cpu }));
      });
    const rounds = fc.array(
      fc.record({ wait: fc.nat(300), writtenMeanwhile: fc.nat(60), pageEvents: fc.integer({ min: 1, max: 9 }) }),
    );
    fc.assert(
      fc.property(events, rounds, (all, schedule) => {
        let now = 0;
        let pageEvents = 100;
        const sources = Array.from({ length: 7 }, (_, cpu): PageSource => {
          const unread = all.filter((event) => event.cpu === cpu);
          return {
            cpu,
            read() {
              const written = unread.filter((event) => event.ns <= now).length;
              const events = unread.splice(0, Math.min(written, pageEvents));
              return events.length > 0 ? pageOf(events, all) : undefined;
            },
          };
        });
        const { log, merge } = record(sources);
        for (const { wait, writtenMeanwhile, pageEvents: size } of schedule) {
          now += wait;
          const horizon = now;
          pageEvents = size;
          now += writtenMeanwhile;
          merge.drain(horizon);
          expect(log).toHaveLength(all.filter((event) => event.ns <= horizon).length);
        }
        now = Infinity;
        merge.drain(Infinity);
        expect(log).toEqual(all.map((event, i) => `${i} on ${event.cpu}`));
        expect(merge.tallies.reduce((sum, { events }) => sum + events, 0)).toBe(all.length);
      }),
    );
  });

  it('tells of a gap before anything that came after its beginning', () => {
    const all: Event[] = [
      { ns: 10, cpu: 0 },
      { ns: 20, cpu: 1 },
      { ns: 30, cpu: 0 },
      { ns: 40, cpu: 1 },
      { ns: 50, cpu: 0 },
    ];
    const [a, b, c, d, e] = all as [Event, Event, Event, Event, Event];
    const { log, merge } = record([
      source(0, [pageOf([a], all), pageOf([c], all, 7n), pageOf([e], all, 'unknown')]),
      source(1, [pageOf([b, d], all)]),
    ]);
    merge.drain(Infinity);
    expect(log).toEqual(['0 on 0', 'gap on 0 until 30', '1 on 1', '2 on 0', 'gap on 0 until 50', '3 on 1', '4 on 0']);
    expect(merge.tallies[0]).toMatchObject({ pages: 3, events: 3, overwritten: 7, damaged: 0 });
  });

  it('goes on after a page that is damaged, with the events before the damage and a gap after it', () => {
    const all: Event[] = [10, 20, 30, 40].map((ns) => ({ ns, cpu: 0 }));
    const [a, b, c, d] = all as [Event, Event, Event, Event];
    const bad = pageOf([a, b], all);
    new DataView(bad.buffer, bad.byteOffset).setUint32(24, 28, true);
    const { log, merge } = record([source(0, [bad, new Uint8Array(3), pageOf([c], all), pageOf([d], all)])]);
    merge.drain(Infinity);
    expect(log).toEqual([
      '0 on 0',
      'gap on 0 until 10',
      'damaged on 0 at 24',
      'gap on 0 until 10',
      'damaged on 0 at 3',
      'gap on 0 until 30',
      '2 on 0',
      '3 on 0',
    ]);
    expect(merge.tallies[0]).toMatchObject({ pages: 4, events: 3, damaged: 2 });
  });

  it('does not hide an error that is not of the data', () => {
    const merge = new RingMerge(LAYOUT_4K, [source(0, [pageOf([{ ns: 1, cpu: 0 }], [])])], {
      event: () => {
        throw new TypeError('a bug');
      },
      gap: () => undefined,
      damaged: () => undefined,
    });
    expect(() => {
      merge.drain(Infinity);
    }).toThrow('a bug');
  });
});
