/** Rings that overflowed: what is read and what is declared lost make up what the kernel saw. */
import { describe, expect, it } from 'vitest';
import { fixtureRing, pairAll, recordedRing, table } from './recorded.js';

const lost = (buffer: string) =>
  recordedRing('lost-6.1', { events: 'events', raw: `${buffer}.cpuN.raw`, stats: `${buffer}.cpuN.stats` });

describe('a ring that overwrites', () => {
  it('says by its pages what stats says: events read + overwritten = events written', async () => {
    const ring = await lost('O.overwrite');
    const { pairing, tallies } = pairAll(ring);
    expect(tallies.map(({ overwritten }) => overwritten)).toEqual(ring.stats.map(({ overrun }) => overrun));
    expect(tallies.map(({ events }) => events)).toEqual(ring.stats.map(({ entries }) => entries));
    expect(tallies.map(({ events, overwritten }) => events + overwritten)).toEqual([6003, 5644]);
    expect(tallies.every(({ damaged }) => damaged === 0)).toBe(true);
    // All events lost are older than those that are there, so each call is whole.
    expect(pairing.tally).toMatchObject({ enters: 599, paired: 599, exitsMissing: 0, entersMissing: 0 });
  });

  it('does so with pages of 4 KiB and probe events: 600 calls, 1200 events', async () => {
    const ring = await fixtureRing();
    const { pairing, tallies } = pairAll(ring);
    const [tally] = tallies;
    expect(tally).toMatchObject({ events: 342, overwritten: 858, pages: 5 });
    expect(tally).toMatchObject({ events: ring.stats[0]?.entries, overwritten: ring.stats[0]?.overrun });
    // Calls 429 to 599 are left; of ten three are of TCE hypercalls, each with an LIOBN of its own beyond 32 bits.
    const hypercalls = ['H_PUT_TCE', 'H_STUFF_TCE', 'H_PUT_TCE_INDIRECT'];
    const expected = Array.from({ length: 171 }, (_, i) => i + 429).flatMap((i) => {
      const hypercall = hypercalls[(i % 10) - 2];
      return hypercall ? [`25941 0x8000000000000${i.toString(16)} ${hypercall}: 1 virtual, 0 userspace`] : [];
    });
    expect(table(pairing)).toEqual(expected);
  });
});

describe('a ring that does not overwrite', () => {
  it('has its losses in stats alone', async () => {
    const ring = await lost('O.no-overwrite');
    const { tallies } = pairAll(ring);
    expect(tallies.map(({ events, overwritten }) => [events, overwritten])).toEqual([
      [2728, 0],
      [2728, 0],
    ]);
    expect(ring.stats.map(({ entries, dropped }) => entries + dropped)).toEqual([7560, 7358]);
  });
});

it('reads pages that live reads returned with a few events in each', async () => {
  const ring = await recordedRing('lost-6.1', {
    events: 'events',
    raw: 'sparse-live-pages/A.cpuN.trace_pipe_raw.live-first24pages',
    stats: 'sparse-live-pages/A.raw.cpuN.stats',
  });
  const { pairing, tallies } = pairAll(ring);
  expect(tallies.map(({ pages, events }) => [pages, events])).toEqual([
    [24, 52],
    [24, 162],
  ]);
  expect(table(pairing)).toEqual([
    '1411 0x71000002 H_PUT_TCE_INDIRECT: 19 virtual, 0 userspace',
    '1411 0x71000002 H_STUFF_TCE: 19 virtual, 0 userspace',
    '1411 0x71000003 H_STUFF_TCE: 3 virtual, 0 userspace',
  ]);
});
