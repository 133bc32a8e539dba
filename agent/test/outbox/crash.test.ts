/** An outbox whose process is killed in the midst of its work, many times; over the built program, as a user runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Disk } from '../../src/outbox/disk.js';
import type { Recovered } from '../../src/outbox/recovery.js';

const KILLS = 15;
const EPOCH = 10;
const MIB = 1024 * 1024;
/** Batches, of 30 kB on average, that are more than 4 MiB. */
const OVERFLOWING = 160;

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'tcewatch-'));
});
afterEach(() => rm(base, { recursive: true }));

/**
 * Program that sends batches from a number on for ever, of sizes that vary, and prints those that are reported as safe.
 */
const PROGRAM = `
import { writeSync } from 'node:fs';
import { DurableOutbox } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../dist/outbox/durable.js')))};
const [directory, from, bytes] = process.argv.slice(2);
const transport = {
  name: 'down',
  attemptLimits: { batches: 1, bytes: 1 },
  deliver: () => new Promise(() => undefined),
  close: () => Promise.resolve(),
};
const log = { info() {}, warn() {}, error(_, message) { writeSync(2, message + '\\n'); } };
const pace = { now: () => performance.now(), sleep: () => Promise.resolve() };
const outbox = new DurableOutbox({
  transport, directory, bytes: Number(bytes), catchUp: 1, backoff: { firstMs: 1, longestMs: 1 }, pace, log,
  wallMs: () => Date.now(),
});
const problem = await outbox.open();
if (problem !== undefined) writeSync(2, problem + '\\n');
for (let n = Number(from); ; n++) {
  const encoded = Buffer.alloc(4 + ((n * 7919) % 60_000), n);
  encoded.writeUInt32LE(n);
  const epoch = String(Math.floor(n / ${EPOCH}));
  const problem = await outbox.send({ bytes: encoded, hostId: 'h', epoch, takenMs: performance.now() });
  writeSync(problem === undefined ? 1 : 2, (problem ?? n) + '\\n');
}
`;

/** One life that is killed after it has said so many numbers; resolves to all that it said before it was dead. */
async function livedAndKilled(program: string, args: readonly string[], after: number): Promise<number[]> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const errors = child.stderr.toArray();
  const said: number[] = [];
  for await (const line of createInterface(child.stdout)) {
    said.push(Number(line));
    if (said.length === after) child.kill('SIGKILL');
  }
  await exited;
  expect(Buffer.concat(await errors).toString()).toBe('');
  return said;
}

interface Killed {
  safe: number[];
  found: number[];
  recovered: Recovered;
}

/** Many lives, until so many batches at least were safe. */
async function killedManyTimes(bytes: number, batches: number): Promise<Killed> {
  const program = join(base, 'program.mjs');
  await writeFile(program, PROGRAM);
  const directory = join(base, 'outbox');
  const safe: number[] = [];
  for (let kills = 0; kills < KILLS || safe.length < batches; kills++) {
    // A number that was being written when the process was killed may be there as well.
    const from = (safe.at(-1) ?? -1) + 2;
    const after = 1 + Math.floor(Math.random() * 20);
    safe.push(...(await livedAndKilled(program, [directory, String(from), String(bytes)], after)));
  }
  const { disk, recovered } = await Disk.open({ directory, bytes });
  const read = await disk.read(recovered.records.map(({ stored }) => stored));
  await disk.close();
  const found = read.map((batch) => Buffer.from(batch ?? []).readUInt32LE());
  return { safe, found, recovered };
}

it('has all that it said was safe, and nothing else but what it was writing', async () => {
  const { safe, found, recovered } = await killedManyTimes(1024 * MIB, KILLS);
  expect(safe.length).toBeGreaterThanOrEqual(KILLS);
  expect(found).toEqual(expect.arrayContaining(safe));
  expect(found.length - safe.length).toBeLessThanOrEqual(KILLS);
  expect(found).toEqual([...found].sort((a, b) => a - b));
  expect(recovered.corrupt).toEqual([]);
});

it('has the last of each epoch, and whole files, when it was thinning and rewriting as well', async () => {
  const { safe, found, recovered } = await killedManyTimes(4 * MIB, OVERFLOWING);
  const lastOf = (numbers: readonly number[]) => new Map(numbers.map((n) => [Math.floor(n / EPOCH), n]));
  const kept = lastOf(found);
  expect(found.length).toBeLessThan(safe.length);
  // A number that it was writing may be a later one of the epoch.
  for (const [epoch, last] of lastOf(safe)) expect(kept.get(epoch)).toBeGreaterThanOrEqual(last);
  expect(recovered.corrupt).toEqual([]);
});
