/** The outbox's directory: real files, real sockets. */
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Disk } from '../../src/outbox/disk.js';
import { LockedError } from '../../src/outbox/lock.js';
import { RECORD_HEADER_BYTES, encodeRecord } from '../../src/outbox/record-format.js';
import type { Recovered } from '../../src/outbox/recovery.js';
import type { StoredRecord } from '../../src/outbox/segment.js';

let base: string;
let directory: string;
const open: Disk[] = [];
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'tcewatch-'));
  directory = join(base, 'outbox');
});
afterEach(async () => {
  for (const disk of open.splice(0)) await disk.close();
  await rm(base, { recursive: true });
});

const MIB = 1024 * 1024;
const record = (n: number, size = 4) => {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(n);
  return encodeRecord({ hostId: 'h', epoch: 'e', takenWallMs: n }, { bytes });
};
const numberOf = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).readUInt32LE();

async function opened(bytes = 64 * MIB): Promise<{ disk: Disk; recovered: Recovered }> {
  const one = await Disk.open({ directory, bytes });
  open.push(one.disk);
  return one;
}

async function closed(disk: Disk): Promise<void> {
  open.splice(open.indexOf(disk), 1);
  await disk.close();
}

/** Opens the directory as the next life of an agent does; `found` has the numbers of its records. */
async function reopened(bytes?: number): Promise<{ disk: Disk; found: (number | undefined)[]; recovered: Recovered }> {
  for (const disk of [...open]) await closed(disk);
  const { disk, recovered } = await opened(bytes);
  return {
    disk,
    recovered,
    found: await numbers(
      disk,
      recovered.records.map(({ stored }) => stored),
    ),
  };
}

const numbers = async (disk: Disk, records: readonly StoredRecord[]) => (await disk.read(records)).map(numberOf);
const segments = async () => (await readdir(directory)).filter((name) => name.endsWith('.segment')).sort();
const sizes = async () => Promise.all((await segments()).map(async (name) => (await stat(join(directory, name))).size));

async function appended(disk: Disk, from: number, to: number, size?: number): Promise<StoredRecord[]> {
  const stored: StoredRecord[] = [];
  for (let n = from; n <= to; n++) stored.push(await disk.append(record(n, size)));
  return stored;
}

describe('Disk', () => {
  it('gives back what it took, now and in its next life, but not what is done with', async () => {
    const { disk } = await opened();
    const stored = await appended(disk, 1, 5);
    expect(await numbers(disk, stored.toReversed())).toEqual([5, 4, 3, 2, 1]);
    await disk.forget([stored[0]!, stored[3]!]);
    expect((await reopened()).found).toEqual([2, 3, 5]);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('keeps no file of which nothing waits, but the one that it writes to', async () => {
    const { disk } = await opened();
    const stored = await appended(disk, 1, 30, 400_000);
    const before = await segments();
    expect(before.length).toBeGreaterThan(3);
    await disk.forget(stored);
    expect(await segments()).toEqual(before.slice(-1));
    const { found, disk: next } = await reopened();
    expect(found).toEqual([]);
    expect(await segments()).toEqual([]);
    expect(next.bytes).toBe(0);
  });

  it('stays within its bytes while what waits does, however little of each file that is', async () => {
    const { disk } = await opened(MIB);
    const waiting: StoredRecord[] = [];
    for (let n = 1; n <= 400; n++) {
      waiting.push(await disk.append(record(n, 20_000)));
      // Every tenth waits for long, the others until ten more have come.
      const done = waiting.find((_, i) => i < waiting.length - 10 && i % 2 === 1) ?? waiting[0]!;
      if (waiting.length > 40) {
        waiting.splice(waiting.indexOf(done), 1);
        await disk.forget([done]);
      }
      expect(disk.bytes).toBeLessThanOrEqual(MIB);
    }
    expect((await sizes()).reduce((a, b) => a + b, 0)).toBe(disk.bytes);
    const kept = await numbers(disk, waiting);
    expect(kept).not.toContain(undefined);
    expect(kept.at(-1)).toBe(400);
    expect((await reopened(MIB)).found).toEqual(kept);
  });

  it('spares the others when it is told again of what was rewritten away', async () => {
    const { disk } = await opened(MIB);
    const stored = await appended(disk, 1, 40, 20_000);
    const thinned = stored.filter((_, i) => i % 2 === 0);
    const waiting = stored.filter((_, i) => i % 2 === 1);
    await disk.forget(thinned);
    waiting.push(...(await appended(disk, 41, 60, 20_000)));
    await disk.forget(thinned);
    expect(await numbers(disk, waiting)).not.toContain(undefined);
    expect((await reopened(MIB)).recovered.corrupt).toEqual([]);
  });

  it('says of a record that is done with, or that is no longer there, that it cannot be read', async () => {
    const { disk } = await opened();
    const [a, b, c] = await appended(disk, 1, 3);
    await disk.forget([a!]);
    expect(await numbers(disk, [a!, b!])).toEqual([undefined, 2]);
    const path = join(directory, (await segments())[0]!);
    const bytes = await readFile(path);
    bytes[b!.offset + RECORD_HEADER_BYTES]! ^= 1;
    await writeFile(path, bytes);
    expect(await numbers(disk, [b!, c!])).toEqual([undefined, 3]);
    await truncate(path, c!.offset + 5);
    expect(await numbers(disk, [c!])).toEqual([undefined]);
    await rm(path);
    expect(await numbers(disk, [c!])).toEqual([undefined]);
    await disk.forget([c!]);
  });

  it('goes on when somebody takes its directory away', async () => {
    const { disk } = await opened();
    await appended(disk, 1, 2);
    await rm(directory, { recursive: true });
    await expect(disk.append(record(3))).rejects.toThrow('ENOENT');
    const stored = await disk.append(record(4));
    expect(await numbers(disk, [stored])).toEqual([4]);
  });
});

describe('Disk after a crash', () => {
  it('cuts off a last record wherever it was cut short, counts it, and writes on', async () => {
    const { disk } = await opened();
    const stored = await appended(disk, 1, 3);
    const path = join(directory, (await segments())[0]!);
    await closed(disk);
    const whole = await readFile(path);
    for (let length = stored[2]!.offset + 1; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      const { found, recovered, disk: next } = await reopened();
      expect([found, recovered.torn, recovered.corrupt]).toEqual([[1, 2], 1, []]);
      const fourth = await next.append(record(4));
      const again = await reopened();
      expect([again.found, again.recovered.torn]).toEqual([[1, 2, 4], 0]);
      await again.disk.forget(again.recovered.records.slice(2).map((one) => one.stored));
      expect(fourth.size).toBe(stored[2]!.size);
    }
  });

  it('removes what a file was to become that never did', async () => {
    const { disk } = await opened();
    await appended(disk, 1, 1);
    await writeFile(join(directory, '0000000001.segment.new'), 'half');
    expect((await reopened()).found).toEqual([1]);
    expect((await readdir(directory)).sort()).toEqual(['0000000001.segment', 'lock']);
  });

  it('leaves alone what is not its own', async () => {
    await mkdir(join(directory, 'sub.segment'), { recursive: true });
    await writeFile(join(directory, 'notes.txt'), 'x');
    expect((await reopened()).found).toEqual([]);
    expect((await readdir(directory)).sort()).toEqual(['lock', 'notes.txt', 'sub.segment']);
  });
});

describe('Disk with a damaged file', () => {
  async function damaged(at: (length: number) => number): Promise<Awaited<ReturnType<typeof reopened>>> {
    const { disk } = await opened();
    await appended(disk, 1, 3);
    const path = join(directory, (await segments()).at(-1)!);
    await closed(disk);
    const bytes = await readFile(path);
    bytes[at(bytes.length)]! ^= 0x10;
    await writeFile(path, bytes);
    return await reopened();
  }

  it('sets it aside and keeps what is whole, behind the damage too', async () => {
    const { found, recovered } = await damaged((length) => Math.floor(length / 2));
    expect(found).toEqual([1, 3]);
    const aside = join(directory, '0000000001.segment.corrupt');
    expect(recovered.corrupt).toEqual([
      { path: aside, reason: expect.stringMatching(/at byte \d+ is damaged/) as string },
    ]);
    expect((await stat(aside)).size).toBeGreaterThan((await sizes())[0]!);
    const again = await reopened();
    expect([again.found, again.recovered.corrupt]).toEqual([[1, 3], []]);
  });

  it('sets it aside whole when it does not even begin well', async () => {
    const { found, disk } = await damaged(() => 3);
    expect(found).toEqual([]);
    expect((await readdir(directory)).sort()).toEqual(['0000000001.segment.corrupt', 'lock']);
    await disk.append(record(9));
    expect(await segments()).toEqual(['0000000002.segment']);
  });

  it('keeps but a few of those that are set aside', async () => {
    for (let n = 0; n < 6; n++) {
      const { disk } = await damaged(() => 3);
      await closed(disk);
    }
    const aside = (await readdir(directory)).filter((name) => name.endsWith('.corrupt'));
    expect(aside.sort()).toEqual([3, 4, 5, 6].map((n) => `000000000${n}.segment.corrupt`));
  });

  it('does not read a file into memory that is larger than any of its own', async () => {
    await mkdir(directory);
    await writeFile(join(directory, '0000000001.segment'), '');
    await truncate(join(directory, '0000000001.segment'), 1024 ** 3);
    const { recovered } = await reopened();
    expect(recovered.corrupt[0]?.reason).toBe('it has 1073741824 bytes, more than any segment');
  });
});

describe('Disk with a directory that it cannot have', () => {
  it('says that another agent uses it, and has it when that one is gone', async () => {
    const { disk } = await opened();
    await appended(disk, 1, 2);
    await expect(Disk.open({ directory, bytes: MIB })).rejects.toThrow(LockedError);
    expect((await reopened()).found).toEqual([1, 2]);
  });

  it('lets but one of many have it that find the lock of a killed one', async () => {
    const { disk } = await opened();
    await closed(disk);
    // What a killed agent leaves: a socket that nobody listens to.
    const server = createServer();
    await once(server.listen(join(base, 's')), 'listening');
    await rename(join(base, 's'), join(directory, 'lock'));
    await new Promise((done) => server.close(done));
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => Disk.open({ directory, bytes: MIB })));
    const had = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value.disk] : []));
    open.push(...had);
    expect(had).toHaveLength(1);
    for (const one of tries) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(LockedError);
  });

  it('has one with a name of any length', async () => {
    directory = join(base, 'x'.repeat(200), 'outbox');
    await opened();
    expect(await readdir(directory)).toEqual(['lock']);
    await expect(Disk.open({ directory, bytes: MIB })).rejects.toThrow(LockedError);
  });

  it('says what is in the way', async () => {
    await writeFile(directory, '');
    await expect(Disk.open({ directory, bytes: MIB })).rejects.toThrow('EEXIST');
  });
});
