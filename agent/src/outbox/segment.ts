/**
 * One segment file and which of its records are waiting. Every operation opens the file for itself: there is one every few
 * seconds, and an outage of days leaves more segments than a process should keep open.
 */
import type { FileHandle } from 'node:fs/promises';
import { open, readFile, rename, rm, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MARK, MARK_OFFSET, SEGMENT_HEADER_BYTES, decodeRecord, segmentHeader } from './record-format.js';
import type { Extent } from './record-format.js';

/** Suffix of a file that is to replace another, and is of no use until it has. */
export const UNFINISHED = '.new';

/** A waiting record. Rewriting its segment moves it. */
export interface StoredRecord extends Extent {
  readonly segment: Segment;
}

export class Segment {
  readonly #waiting = new Set<StoredRecord>();
  #waitingBytes = 0;

  constructor(
    readonly path: string,
    private size: number,
  ) {}

  /**
   * Creates the file with one record in it. Both are on the disk when it resolves; it leaves nothing when it rejects.
   */
  static async create(path: string, record: Buffer): Promise<{ segment: Segment; stored: StoredRecord }> {
    await replace(path, [segmentHeader(), record]);
    try {
      await using(dirname(path), 'r', (directory) => directory.sync());
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    const segment = new Segment(path, SEGMENT_HEADER_BYTES + record.length);
    return { segment, stored: segment.adopt({ offset: SEGMENT_HEADER_BYTES, size: record.length }) };
  }

  /** Bytes of the file. */
  get bytes(): number {
    return this.size;
  }

  /** Bytes that rewriting would free. */
  get deadBytes(): number {
    return this.size - SEGMENT_HEADER_BYTES - this.#waitingBytes;
  }

  get isDone(): boolean {
    return this.#waiting.size === 0;
  }

  /** Takes note of a record that is in the file. */
  adopt({ offset, size }: Extent): StoredRecord {
    const stored = { segment: this, offset, size };
    this.#waiting.add(stored);
    this.#waitingBytes += size;
    return stored;
  }

  /** Appends a record, which is on the disk when this resolves; when it rejects, nothing but a torn tail can be. */
  async append(record: Buffer): Promise<StoredRecord> {
    const offset = this.size;
    try {
      await using(this.path, 'r+', async (file) => {
        await writeAll(file, record, offset);
        await file.datasync();
      });
    } catch (error) {
      // What is left of it would be cut off by the next life of the agent, and counted as if that one had crashed.
      await truncate(this.path, offset).catch(() => undefined);
      throw error;
    }
    this.size += record.length;
    return this.adopt({ offset, size: record.length });
  }

  /** Reads the encoded batches; undefined for a record that is not what was written, or no longer waits. */
  read(records: readonly StoredRecord[]): Promise<(Uint8Array | undefined)[]> {
    return using(this.path, 'r', async (file) => {
      const batches: (Uint8Array | undefined)[] = [];
      for (const record of records) {
        const { offset, size } = record;
        const { bytesRead, buffer } = await file.read(Buffer.alloc(size), 0, size, offset);
        // Where one was that is done with, another may be by now.
        batches.push(this.#waiting.has(record) ? decodeRecord(buffer.subarray(0, bytesRead))?.bytes : undefined);
      }
      return batches;
    });
  }

  /** Marks records as done with. Not synchronised: what a crash of the host undoes is delivered once more. */
  async forget(records: readonly StoredRecord[]): Promise<void> {
    // Once for each: where one was that is done with, another may be by now.
    const waiting = records.filter((record) => this.#waiting.delete(record));
    for (const { size } of waiting) this.#waitingBytes -= size;
    await using(this.path, 'r+', async (file) => {
      for (const { offset } of waiting) await writeAll(file, Buffer.of(MARK.gone), offset + MARK_OFFSET);
    });
  }

  /** Frees the room of records that are done with. */
  async rewrite(): Promise<void> {
    const before = await readFile(this.path);
    const records = [...this.#waiting];
    const kept = records.map(({ offset, size }) => before.subarray(offset, offset + size));
    await replace(this.path, [segmentHeader(), ...kept]);
    this.size = SEGMENT_HEADER_BYTES;
    for (const record of records) {
      record.offset = this.size;
      this.size += record.size;
    }
  }

  remove(): Promise<void> {
    return rm(this.path, { force: true });
  }
}

/** Writes a file whole or not at all, over the one that has its name; a crash of the host may undo it. */
export async function replace(path: string, parts: readonly Buffer[]): Promise<void> {
  const unfinished = `${path}${UNFINISHED}`;
  try {
    await using(unfinished, 'w', async (file) => {
      await writeAll(file, Buffer.concat(parts), 0);
      await file.datasync();
    });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function using<T>(path: string, flags: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags, 0o600);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Writes all bytes: a disk that fills up takes a part of a write before it refuses the rest. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
