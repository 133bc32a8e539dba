/** The outbox on a disk, through outages of the collector and of the disk. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Disk } from '../../src/outbox/disk.js';
import type { QueuedOutboxOptions } from '../../src/outbox/queued.js';
import type { EncodedBatch, Transport } from '../../src/transport/transport.js';
import { batch, never, outboxTo, sequenceOf, serve, transportTo } from './surroundings.js';

const PATIENTLY = { timeout: 60_000, interval: 20 };

/** Whether this process may have a file system of its own. */
function canMount(): boolean {
  const at = mkdtempSync(join(tmpdir(), 'tcewatch-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', at]);
  if (status === 0) execFileSync('umount', [at]);
  rmdirSync(at);
  return status === 0;
}

let base: string;
let directory: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'tcewatch-'));
  directory = join(base, 'outbox');
});
afterEach(() => rm(base, { recursive: true }));

/** Keeps what it is given while it is up. */
class Collecting implements Transport {
  readonly name = 'collecting';
  readonly most = { batches: 256, bytes: 4 * 1024 * 1024 };
  readonly taken: EncodedBatch[] = [];

  constructor(public isUp: boolean) {}

  async deliver(batches: readonly EncodedBatch[], signal: AbortSignal) {
    if (!this.isUp) {
      if (!signal.aborted) await once(signal, 'abort');
      return { kind: 'retry' as const, afterMs: 0, message: 'down' };
    }
    this.taken.push(...batches);
    return { kind: 'settled' as const, refusals: new Map() };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** One life of an agent's outbox, which ends without a goodbye when `end` is called. */
async function life(isUp: boolean, options: Partial<QueuedOutboxOptions> = {}) {
  const transport = new Collecting(isUp);
  const { outbox, lines } = outboxTo(transport, { directory, ...options });
  const problem = await outbox.open();
  return { outbox, lines, problem, transport, end: () => outbox.close() };
}

/** All that a next life delivers, as sequence numbers. */
async function delivered(options: Partial<QueuedOutboxOptions> = {}): Promise<number[]> {
  const { outbox, transport, end } = await life(true, options);
  await outbox.drain(never);
  await end();
  return transport.taken.map(sequenceOf);
}

describe('QueuedOutbox on a disk', () => {
  it('delivers in its next life what this one could not, with the keys and about the age that it had', async () => {
    const began = Date.now();
    const first = await life(false, { wallMs: () => began, pace: { now: () => 9000, sleep: () => Promise.resolve() } });
    for (const n of [1, 2, 3]) await first.outbox.send({ ...batch(n, `epoch ${n}`), hostId: `host ${n}` });
    expect(first.outbox.stats).toMatchObject({ queuedBatches: 3, heldBatches: 0, oldestMs: 1000 });
    await first.end();
    // A minute later, by a monotonic clock that has begun anew.
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
      most: transport.most,
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

  /** Really so, where one may be mounted. */
  describe.skipIf(!canMount())('because its file system', () => {
    beforeEach(async () => {
      await mkdir(directory);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', directory]);
    });
    afterEach(() => {
      execFileSync('umount', [directory]);
    });

    it('is full: keeps the rest in memory and brings it to the disk when there is room', async () => {
      const { outbox, end } = await life(false);
      await outbox.send(batch(1, 'a', 100_000));
      await writeFile(join(directory, 'of-another'), Buffer.alloc(800_000));
      const problems: (string | undefined)[] = [];
      for (let n = 2; n <= 8; n++) problems.push(await outbox.send(batch(n, 'a', 100_000)));
      expect(problems.at(-1)).toMatch(
        /ENOSPC.*; make room there, or lower outbox\.bytes, or give another outbox\.directory$/,
      );
      expect(outbox.stats.heldBatches).toBeGreaterThan(4);
      expect(outbox.atRisk.map(sequenceOf)).toEqual([8]);
      await rm(join(directory, 'of-another'));
      expect(await outbox.send(batch(9, 'a', 1000))).toBeUndefined();
      expect(outbox.stats).toMatchObject({ heldBatches: 0, queuedBatches: 9 });
      await end();
      const next = await life(true);
      await next.outbox.drain(never);
      expect(next.transport.taken.map(sequenceOf)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(next.outbox.stats).toMatchObject({ torn: 0, corrupt: 0 });
      await next.end();
    });

    it('is read-only: says so, goes on in memory, and writes when it may again', async () => {
      const first = await life(false);
      await first.outbox.send(batch(1));
      execFileSync('mount', ['-o', 'remount,ro', directory]);
      expect(await first.outbox.send(batch(2))).toMatch(/EROFS.*; mount a writable file system there/);
      execFileSync('mount', ['-o', 'remount,rw', directory]);
      expect(await first.outbox.send(batch(3))).toBeUndefined();
      await first.end();
      expect(await delivered()).toEqual([1, 2, 3]);
    });
  });
});
