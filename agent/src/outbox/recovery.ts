/**
 * Recovery of what an earlier life of the agent left in its outbox: the records that wait, without what a crash cut
 * short (cut off) and without what is damaged (set aside for whoever wants to know why).
 */
import { link, readFile, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { SEGMENT_HEADER_BYTES, scanSegment, segmentHeader } from './record-format.js';
import type { Description, Scan } from './record-format.js';
import { Segment, UNFINISHED, replace } from './segment.js';
import type { StoredRecord } from './segment.js';
import { LOCK_NAME } from './lock.js';

export interface Recovered {
  segments: Segment[];
  /** Records that wait, oldest first. */
  records: { stored: StoredRecord; description: Description }[];
  /** Segments whose last record was cut short. */
  torn: number;
  /** The damaged segments, where they were set aside, and what is wrong with them. */
  corrupt: { path: string; reason: string }[];
  /** Number of the next segment. */
  nextNumber: number;
}

/** Most damaged segments that are set aside: more would be of no use and take room that nobody bounds. */
const MOST_SET_ASIDE = 4;
/** Size beyond which a segment is not read into memory: larger than any that an agent writes. */
const LARGEST_SEGMENT_BYTES = 64 * 1024 * 1024;

const SUFFIX = '.segment';
const ASIDE = '.corrupt';
const SEGMENT_NAME = /^(\d{10})\.segment(\.corrupt)?$/;

/** Returns the path of a segment; names sort in the order of numbers. */
export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(10, '0')}${SUFFIX}`);
}

/** Reads the directory through and puts it in order; the caller holds its lock. */
export async function recover(directory: string): Promise<Recovered> {
  const names = (await readdir(directory)).sort();
  for (const name of names) {
    const isLeft = name.endsWith(UNFINISHED) || name.startsWith(`${LOCK_NAME}.`);
    if (isLeft) await rm(join(directory, name), { force: true });
  }
  const numbers = names.map((name) => Number(SEGMENT_NAME.exec(name)?.[1] ?? 0));
  const recovered: Recovered = {
    segments: [],
    records: [],
    torn: 0,
    corrupt: [],
    nextNumber: Math.max(0, ...numbers) + 1,
  };
  for (const name of names) {
    if (SEGMENT_NAME.test(name) && !name.endsWith(ASIDE)) await recoverSegment(join(directory, name), recovered);
  }
  if (recovered.corrupt.length > 0) await removeOldAside(directory);
  return recovered;
}

async function recoverSegment(path: string, recovered: Recovered): Promise<void> {
  const bytes = await readWhole(path);
  const scan: Scan =
    typeof bytes === 'string' ? { waiting: [], tornAt: undefined, corrupt: bytes } : scanSegment(bytes);
  if (scan.tornAt !== undefined) recovered.torn++;
  if (scan.corrupt !== undefined) recovered.corrupt.push({ path: await setAside(path), reason: scan.corrupt });
  if (scan.waiting.length === 0 || typeof bytes === 'string') {
    await rm(path);
    return;
  }
  const whole = scan.corrupt === undefined ? await cutOff(path, bytes, scan) : await keepWhole(path, bytes, scan);
  recovered.segments.push(whole.segment);
  recovered.records.push(...whole.records);
}

/** Reads the bytes of a file; returns the reason as text when it cannot. */
async function readWhole(path: string): Promise<Buffer | string> {
  const { size } = await stat(path);
  if (size > LARGEST_SEGMENT_BYTES) return `it has ${size} bytes, more than any segment`;
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EIO') return message;
    throw error;
  }
}

/** Sets a segment aside under a second name, before its whole records are written in its place. */
async function setAside(path: string): Promise<string> {
  const aside = `${path}${ASIDE}`;
  await rm(aside, { force: true });
  await link(path, aside);
  return aside;
}

type Whole = Pick<Recovered, 'records'> & { segment: Segment };

async function cutOff(path: string, { length }: Buffer, { waiting, tornAt }: Scan): Promise<Whole> {
  if (tornAt !== undefined) await truncate(path, tornAt);
  const segment = new Segment(path, tornAt ?? length);
  return { segment, records: waiting.map(({ description, ...at }) => ({ stored: segment.adopt(at), description })) };
}

/** Rewrites the segment with its whole records only. */
async function keepWhole(path: string, bytes: Buffer, { waiting }: Scan): Promise<Whole> {
  const parts = waiting.map(({ offset, size }) => bytes.subarray(offset, offset + size));
  await replace(path, [segmentHeader(), ...parts]);
  const size = parts.reduce((sum, part) => sum + part.length, SEGMENT_HEADER_BYTES);
  const segment = new Segment(path, size);
  let offset = SEGMENT_HEADER_BYTES;
  const records = waiting.map(({ size, description }) => {
    const stored = segment.adopt({ offset, size });
    offset += size;
    return { stored, description };
  });
  return { segment, records };
}

async function removeOldAside(directory: string): Promise<void> {
  const aside = (await readdir(directory)).filter((name) => name.endsWith(ASIDE)).sort();
  for (const name of aside.slice(0, -MOST_SET_ASIDE)) await rm(join(directory, name), { force: true });
}
