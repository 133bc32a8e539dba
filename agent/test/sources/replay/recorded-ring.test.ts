/** A recording replayed by its ring buffer tells what its histograms tell, and more. */
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/ledger/advance.js';
import { snapshot } from '../../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../../src/ledger/state.js';
import type { LedgerSnapshot } from '../../../src/ledger/state.js';
import type { Totals } from '../../../src/figures/totals.js';
import { createSource } from '../../../src/sources/registry.js';
import { run } from '../../cli/surroundings.js';
import { testOptions } from '../options.js';
import { rowsOf } from '../hist/rows.js';

async function totals(recording: string, source: string): Promise<Totals> {
  const { status, stdout } = await run(['replay', await unpack(recording), '--source', source, '--json']);
  expect(status).toBe(0);
  return JSON.parse(stdout) as Totals;
}

/** Removes the entries of modes: the ring alone tells them where calls of one hypercall went both ways. */
function withoutEntries({ totals, ...balance }: Totals): unknown {
  return { ...balance, totals: totals.map((total) => ({ ...total, entries: undefined })) };
}

async function snapshots(recording: string): Promise<LedgerSnapshot[]> {
  const source = createSource('replay', testOptions({ directory: await unpack(recording), source: 'ring' }));
  await source.open();
  const all: LedgerSnapshot[] = [];
  let state = emptyLedger();
  for (let reading = await source.next(); reading; reading = await source.next()) {
    state = advance(state, reading, DEFAULT_CAPS);
    all.push(snapshot(state));
  }
  await source.close();
  return all;
}

describe.each(['vfio-7.2', 'fallback-6.1'])('%s', (recording) => {
  it('has the same totals by its ring and by its histograms', async () => {
    const [ring, hist] = [await totals(recording, 'ring'), await totals(recording, 'hist')];
    expect(withoutEntries(ring)).toEqual(withoutEntries(hist));
    ring.totals.forEach(({ entries }, i) => {
      if (hist.totals[i]?.entries !== null) expect(entries).toBe(hist.totals[i]?.entries);
      else expect(entries).toBeGreaterThan(0);
    });
  });

  it('counts at each moment what its events were until then, with no punt before its enter', async () => {
    for (const told of await snapshots(recording)) {
      const [entered, punted] = ['entered' as const, 'punted' as const].map((counter) =>
        Object.values(rowsOf(told, counter)).reduce((sum, calls) => sum + calls, 0),
      );
      expect(told.accounts).toEqual([
        { counter: 'entered', seen: entered, losses: [] },
        { counter: 'punted', seen: punted, losses: [] },
      ]);
      expect(punted).toBeLessThanOrEqual(entered ?? NaN);
    }
  });
});

it('vfio-7.2: tells on which LIOBN a VM lost acceleration', async () => {
  const last = (await snapshots('vfio-7.2')).at(-1);
  expect(last && rowsOf(last, 'punted')).toEqual({
    'punted hot/630 0x80000000 H_PUT_TCE_INDIRECT': 15_435,
    'punted hot/630 0x80000000 H_STUFF_TCE': 15_436,
  });
});

it('vfio-7.2: has timed each handled call by the end, and told no time that it took back', async () => {
  const source = createSource('replay', testOptions({ directory: await unpack('vfio-7.2'), source: 'ring' }));
  await source.open();
  let before = new Map<string, [number, number]>();
  for (let reading = await source.next(); reading; reading = await source.next()) {
    const now = new Map(
      reading.latencies?.map(({ span, tid, hypercall, bucket, calls, totalUs }) => [
        `${span} ${tid} ${hypercall} ${bucket}`,
        [calls, totalUs] as [number, number],
      ]),
    );
    for (const [key, [calls, us]] of before) {
      expect(now.get(key)?.[0]).toBeGreaterThanOrEqual(calls);
      expect(now.get(key)?.[1]).toBeGreaterThanOrEqual(us);
    }
    before = now;
  }
  await source.close();
  expect([...before.values()].reduce((sum, [calls]) => sum + calls, 0)).toBe(280_091 - 30_871);
});
