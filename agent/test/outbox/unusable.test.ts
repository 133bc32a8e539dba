/** The outbox on a disk that is full, read-only, another's or not there. */
import { rm, writeFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { Disk } from '../../src/outbox/disk.js';
import { delivered, directory, life } from './lives.js';
import { batch, never, sequenceOf } from './surroundings.js';

describe('QueuedOutbox whose disk cannot be used', () => {
  it('goes on in memory where there can be no directory, and moves in when there can', async () => {
    await writeFile(directory, 'in the way');
    const { outbox, problem, end } = await life(false);
    expect(problem).toMatch(/^cannot keep batches in .*EEXIST.*held in memory.*give another outbox\.directory$/);
    expect(await outbox.send(batch(1, 'a'))).toBe(problem);
    expect(await outbox.send(batch(2, 'b'))).toBe(problem);
    expect(await outbox.send(batch(3, 'b'))).toBe(problem);
    expect(outbox.stats).toMatchObject({ heldBatches: 3, queuedBatches: 3, diskFailures: 4, diskBytes: undefined });
    // What a next life would need: the newest of each epoch.
    expect(outbox.atRisk.map(sequenceOf)).toEqual([1, 3]);
    await rm(directory);
    expect(await outbox.send(batch(4, 'b'))).toBeUndefined();
    expect(outbox.stats).toMatchObject({ heldBatches: 0, queuedBatches: 4 });
    expect(outbox.atRisk).toEqual([]);
    await end();
    expect(await delivered()).toEqual([1, 2, 3, 4]);
  });

  it('says that another agent uses it, delivers all the same, and takes over when that one has ended', async () => {
    const first = await life(false);
    await first.outbox.send(batch(1));
    const second = await life(true);
    expect(second.problem).toMatch(
      /another agent uses it; .*; stop that one, or give each an outbox\.directory of its own$/,
    );
    expect(await second.outbox.send(batch(2))).toBe(second.problem);
    await second.outbox.drain(never);
    await first.end();
    expect(await second.outbox.send(batch(3))).toBeUndefined();
    await second.outbox.drain(never);
    expect(second.transport.taken.map(sequenceOf).sort()).toEqual([1, 2, 3]);
  });

  it('goes on in memory while the disk is full, by an error that is made up since not everybody can fill a disk', async () => {
    const { outbox, end } = await life(false);
    await outbox.send(batch(1));
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const append = vi.spyOn(Disk.prototype, 'append').mockRejectedValueOnce(full);
    expect(await outbox.send(batch(2))).toMatch(/ENOSPC.*; make room there, or lower outbox\.bytes/);
    expect(outbox.stats).toMatchObject({ heldBatches: 1, diskFailures: 1 });
    expect(await outbox.send(batch(3))).toBeUndefined();
    append.mockRestore();
    expect(outbox.stats).toMatchObject({ heldBatches: 0, diskFailures: 1 });
    await end();
    expect(await delivered()).toEqual([1, 2, 3]);
  });

  it('says that it cannot mark what is delivered, and goes on', async () => {
    const { outbox, transport, end } = await life(true);
    const failed = Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' });
    const forget = vi.spyOn(Disk.prototype, 'forget').mockRejectedValueOnce(failed);
    await outbox.send(batch(1));
    await outbox.drain(never);
    forget.mockRestore();
    expect(await outbox.send(batch(2))).toMatch(/^cannot mark what is delivered in .*: EIO/);
    await outbox.drain(never);
    expect(await outbox.send(batch(3))).toBeUndefined();
    await outbox.drain(never);
    expect(outbox.stats).toMatchObject({ diskFailures: 1, queuedBatches: 0, delivered: 3 });
    expect(transport.taken.map(sequenceOf)).toEqual([1, 2, 3]);
    await end();
    // Once more, which changes nothing.
    expect(await delivered()).toEqual([1]);
  });
});
