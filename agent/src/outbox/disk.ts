/**
 * Batches in a directory: segments of records, appended to one after the other, each synchronised to the disk. A record
 * that is done with is marked in place; a segment of which nothing waits is removed, and one of which little waits is
 * rewritten when room is needed. Operations follow one another, whoever asks for them.
 *
 * What is on the disk survives a kill of the agent at any instruction, and what was synchronised a crash of the host.
 */
import { mkdir } from 'node:fs/promises';
import { DirectoryLock } from './lock.js';
import { recover, segmentPath } from './recovery.js';
import type { Recovered } from './recovery.js';
import { Segment } from './segment.js';
import type { StoredRecord } from './segment.js';

/**
 * Segments in the bound on bytes, and the bounds on the bytes of one: small enough that to rewrite one costs little time and
 * memory, and large enough for several batches.
 */
const SEGMENTS = 32;
const SEGMENT_BYTES = { least: 64 * 1024, most: 4 * 1024 * 1024 };

export interface DiskOptions {
  directory: string;
  /** Most bytes of all segments together, as long as records are done with in time. */
  bytes: number;
}

export class Disk {
  readonly #options: DiskOptions;
  readonly #lock: DirectoryLock;
  readonly #segments: Set<Segment>;
  #active: Segment | undefined;
  #nextNumber: number;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: DiskOptions, lock: DirectoryLock, { segments, nextNumber }: Recovered) {
    this.#options = options;
    this.#lock = lock;
    this.#segments = new Set(segments);
    this.#nextNumber = nextNumber;
  }

  /**
   * Opens the directory. Throws LockedError when another agent has it, and the system's error for one that cannot be
   * used.
   */
  static async open(options: DiskOptions): Promise<{ disk: Disk; recovered: Recovered }> {
    const { directory } = options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const lock = await DirectoryLock.take(directory);
    try {
      const recovered = await recover(directory);
      return { disk: new Disk(options, lock, recovered), recovered };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Returns the bytes of all segments, with what is done with and not yet freed. */
  get bytes(): number {
    return sum([...this.#segments], (segment) => segment.bytes);
  }

  /** Appends a record of `encodeRecord`, which is on the disk when this resolves. */
  append(record: Buffer): Promise<StoredRecord> {
    return this.#next(async () => {
      await this.#free(record.length);
      try {
        if (this.#active) return await this.#active.append(record);
        return await this.#begin(record);
      } catch (error) {
        // Whatever is wrong may be wrong with this one file.
        this.#active = undefined;
        throw error;
      }
    });
  }

  /**
   * Reads the encoded batches in the order of the records; undefined for one that is not what was written, or that is
   * no longer there. Rejects when it cannot be told, such as for want of descriptors.
   */
  read(records: readonly StoredRecord[]): Promise<(Uint8Array | undefined)[]> {
    return this.#next(async () => {
      const read = new Map<StoredRecord, Uint8Array | undefined>();
      for (const [segment, own] of bySegment(records)) {
        const batches = await segment.read(own).catch(nothing);
        for (const [i, record] of own.entries()) read.set(record, batches[i]);
      }
      return records.map((record) => read.get(record));
    });
  }

  /** Marks records as done with. When it rejects, some may be found again by the next life of the agent. */
  forget(records: readonly StoredRecord[]): Promise<void> {
    return this.#next(async () => {
      for (const [segment, own] of bySegment(records)) {
        await this.#unlessGone(segment, () => segment.forget(own));
        if (segment.isDone && segment !== this.#active) await this.#remove(segment);
      }
    });
  }

  async close(): Promise<void> {
    await this.#next(() => this.#lock.release());
  }

  async #begin(record: Buffer): Promise<StoredRecord> {
    const { directory } = this.#options;
    // Somebody may have taken it away.
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const { segment, stored } = await Segment.create(segmentPath(directory, this.#nextNumber++), record);
    this.#segments.add(segment);
    this.#active = segment;
    return stored;
  }

  /** Makes room for so many bytes, as far as records that are done with take it. */
  async #free(bytes: number): Promise<void> {
    const { least, most } = SEGMENT_BYTES;
    const segmentBytes = Math.min(Math.max(this.#options.bytes / SEGMENTS, least), most);
    if (this.#active && this.#active.bytes + bytes > segmentBytes) {
      if (this.#active.isDone) await this.#remove(this.#active);
      this.#active = undefined;
    }
    while (this.bytes + bytes > this.#options.bytes) {
      const [deadest] = [...this.#segments].sort((a, b) => b.deadBytes - a.deadBytes);
      if (deadest === undefined || deadest.deadBytes === 0) return;
      await this.#unlessGone(deadest, () => deadest.rewrite());
    }
  }

  /** Works on a segment, unless somebody took the file away, and with it what there was to do. */
  async #unlessGone(segment: Segment, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#segments.delete(segment);
      if (this.#active === segment) this.#active = undefined;
    }
  }

  async #remove(segment: Segment): Promise<void> {
    await segment.remove();
    this.#segments.delete(segment);
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Returns no batches where the disk says for good that there is nothing to read; throws any other error. */
function nothing(error: NodeJS.ErrnoException): undefined[] {
  if (error.code === 'ENOENT' || error.code === 'EIO') return [];
  throw error;
}

function bySegment(records: readonly StoredRecord[]): Map<Segment, StoredRecord[]> {
  const groups = new Map<Segment, StoredRecord[]>();
  for (const record of records) {
    const group = groups.get(record.segment);
    if (group) group.push(record);
    else groups.set(record.segment, [record]);
  }
  return groups;
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
