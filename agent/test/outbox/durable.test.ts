/** The outbox on a disk, through outages of the collector. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Transport } from '../../src/transport/transport.js';
import { Collecting, delivered, directory, life } from './lives.js';
import { batch, never, outboxTo, sequenceOf, serve, transportTo } from './surroundings.js';

const PATIENTLY = { timeout: 60_000, interval: 20 };

describe('DurableOutbox on a disk', () => {
  it('delivers in its next life what this one could not, with the keys and about the age that it had', async () => {
    const began = Date.now();
    const first = await life(false, { wallMs: () => began, pace: { now: () => 9000, sleep: () => Promise.resolve() } });
    for (const n of [1, 2, 3]) await first.outbox.send({ ...batch(n, `epoch ${n}`), hostId: `host ${n}` });
    expect(first.outbox.stats).toMatchObject({ queuedBatches: 3, heldBatches: 0, oldestMs: 1000 });
    await first.end();
    // A minute later, by a monotonic clock that has started from zero.
    const second = await life(false, {
      wallMs: () => began + 60_000,
      pace: { now: () => 5, sleep: () => Promise.resolve() },
    });
    expect(second.outbox.stats).toMatchObject({ queuedBatches: 3, oldestMs: 5 - 68_000 });
    expect(second.lines.map(({ msg }) => msg)).toEqual(['found 3 batches that were not delivered']);
    await second.end();
    const third = await life(true);
    await third.outbox.drain(never);
    expect(third.transport.taken.map(({ hostId, epoch }) => [hostId, epoch])).toEqual(
      [1, 2, 3].map((n) => [`host ${n}`, `epoch ${n}`]),
    );
    expect(await delivered()).toEqual([]);
  });

  it('delivers through an outage of a collector, and across a restart in the middle of it', async () => {
    let isUp = true;
    const { url, received } = await serve((_, response) => response.writeHead(isUp ? 202 : 503).end());
    const begin = async () => {
      const { outbox } = outboxTo(transportTo(url), { directory });
      await outbox.open();
      return outbox;
    };
    const before = await begin();
    await before.send(batch(1));
    await before.drain(never);
    isUp = false;
    for (const n of [2, 3, 4]) await before.send(batch(n));
    await vi.waitFor(() => {
      expect(before.stats.retried).toBeGreaterThan(0);
    }, PATIENTLY);
    await before.close();
    const tried = received.length;
    isUp = true;
    const after = await begin();
    await after.send(batch(5));
    await after.drain(never);
    expect(received.slice(tried).flatMap(({ sequences }) => sequences)).toEqual([2, 3, 4, 5]);
    expect(received[0]?.sequences).toEqual([1]);
  });

  it('thins what is on the disk when it is full, but never the last of an epoch, nor the newest', async () => {
    const bytes = 1024 * 1024;
    const { outbox, end } = await life(false, { bytes });
    for (let n = 1; n <= 300; n++) {
      await outbox.send(batch(n, `epoch ${Math.ceil(n / 60)}`, 10_000));
      expect(outbox.stats.diskBytes).toBeLessThanOrEqual(bytes);
    }
    const { thinned, discarded, queuedBatches, heldBatches } = outbox.stats;
    expect([thinned + queuedBatches, discarded, heldBatches]).toEqual([300, 0, 0]);
    expect(thinned).toBeGreaterThan(200);
    await end();
    const kept = await delivered({ bytes });
    expect(kept).toHaveLength(queuedBatches);
    expect(kept).toEqual(expect.arrayContaining([60, 120, 180, 240, 300]));
    // The past is thinner, not gone.
    for (const epoch of [0, 1, 2, 3]) {
      expect(kept.filter((n) => Math.ceil(n / 60) === epoch + 1).length).toBeGreaterThan(3);
    }
  });

  it('counts as discarded the last batches of epochs that there is no room for', async () => {
    const bytes = 1024 * 1024;
    const { outbox } = await life(false, { bytes });
    for (let n = 1; n <= 100; n++) await outbox.send(batch(n, `epoch ${n}`, 20_000));
    const { thinned, discarded, queuedBatches } = outbox.stats;
    expect([thinned, discarded + queuedBatches]).toEqual([0, 100]);
    expect(discarded).toBeGreaterThan(40);
  });

  it('gives up what it can no longer read, counts it, and delivers the rest', async () => {
    const first = await life(false);
    for (const n of [1, 2, 3]) await first.outbox.send(batch(n, 'a', 500));
    await first.end();
    const [name = ''] = (await readdir(directory)).filter((one) => one.endsWith('.segment'));
    const second = await life(false);
    const path = join(directory, name);
    const bytes = await readFile(path);
    // In the middle of the second: the file was whole when it was read through.
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await writeFile(path, bytes);
    await second.end();
    const third = await life(true);
    await third.outbox.drain(never);
    expect(third.transport.taken.map(sequenceOf)).toEqual([1, 3]);
    expect(third.outbox.stats).toMatchObject({ corrupt: 1, queuedBatches: 0 });
    expect(third.lines[1]?.msg).toMatch(
      /the outbox was damaged: the record at byte \d+ is damaged; the file is set aside/,
    );
  });

  it('gives up what was damaged since it was found, counts it, and delivers the rest', async () => {
    const transport = new Collecting(true);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const slow: Transport = {
      name: 'slow',
      attemptLimits: transport.attemptLimits,
      close: () => transport.close(),
      deliver: async (batches, signal) => {
        await gate;
        return await transport.deliver(batches, signal);
      },
    };
    const { outbox, lines } = outboxTo(slow, { directory });
    for (const n of [1, 2, 3]) await outbox.send(batch(n, 'a', 500));
    const path = join(directory, '0000000001.segment');
    const bytes = await readFile(path);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await writeFile(path, bytes);
    open();
    await outbox.drain(never);
    expect(transport.taken.map(sequenceOf)).toEqual([1, 3]);
    expect(outbox.stats).toMatchObject({ unreadable: 1, delivered: 2, queuedBatches: 0 });
    expect(lines.map(({ msg }) => msg)).toEqual(['1 batches can no longer be read from the outbox and are lost']);
  });
});
