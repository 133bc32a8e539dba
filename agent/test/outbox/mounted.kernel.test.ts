/** The outbox on a small disk of its own, which is really full, and really read-only. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { delivered, directory, life } from './lives.js';
import { batch, never, sequenceOf } from './surroundings.js';

/** Whether this process may have a file system of its own. */
function canMount(): boolean {
  const at = mkdtempSync(join(tmpdir(), 'tcewatch-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', at]);
  if (status === 0) execFileSync('umount', [at]);
  rmdirSync(at);
  return status === 0;
}

describe.skipIf(!canMount())('QueuedOutbox whose file system', () => {
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
