/**
 * The batches that wait: on disk where there is one that can be used, else in memory until there is; an index of all of
 * them, and what becomes of them when they are too many. Knows nothing of deliveries.
 */
import type { Logger } from 'pino';
import type { AttemptLimits, EncodedBatch } from '../transport/transport.js';
import { Disk } from './disk.js';
import type { DiskOptions } from './disk.js';
import { ThinningQueue } from './queue.js';
import type { Queued } from './queue.js';
import { decodeRecord, encodeRecord } from './record-format.js';
import type { Recovered } from './recovery.js';
import type { StoredRecord } from './segment.js';
import { LockedError } from './lock.js';

export interface BacklogOptions {
  /** Directory of the batches; undefined: they are kept in memory, and gone with the agent. */
  directory: string | undefined;
  /** Most bytes of all batches, on disk and in memory together. */
  bytes: number;
  /** Reads the agent's monotonic clock, in milliseconds. */
  now: () => number;
  /** Reads the time in milliseconds since 1970. */
  wallMs: () => number;
  log: Logger;
}

/** A batch that waits. */
export interface Waiting extends Queued {
  readonly hostId: string;
  /** Place of the batch: a record in memory, or where that is on disk. */
  at: { kind: 'memory'; record: Buffer } | { kind: 'disk'; stored: StoredRecord };
  /** Whether it was settled or dropped, perhaps while it was on its way to the disk. */
  isGone: boolean;
}

/** Most batches that wait: their index is in memory. At an interval of ten seconds this is more than two days. */
const MOST_BATCHES = 20_000;
/** Share of a disk's bytes for what waits; the rest is for what is done with and not yet freed. */
const WAITING_SHARE = 7 / 8;
/**
 * Most in-memory batches that the state file keeps for the next start, one per epoch; epochs that end faster are out of
 * order.
 */
const MOST_AT_RISK = 8;

export class Backlog {
  readonly #options: BacklogOptions;
  readonly #queue: ThinningQueue<Waiting>;
  /** Batches that only memory holds, oldest first. */
  readonly #held = new Set<Waiting>();
  #disk: Disk | undefined;
  /** Reason why records that are done with could not be marked. */
  #unmarked: string | undefined;
  #diskFailures = 0;
  #torn = 0;
  #corrupt = 0;
  #unreadable = 0;

  constructor(options: BacklogOptions) {
    this.#options = options;
    const bytes = options.directory === undefined ? options.bytes : options.bytes * WAITING_SHARE;
    this.#queue = new ThinningQueue({ batches: MOST_BATCHES, bytes });
  }

  get stats() {
    const { length, bytes, thinned, discarded, oldest } = this.#queue;
    return {
      thinned,
      discarded,
      queuedBatches: length,
      queuedBytes: bytes,
      heldBatches: this.#held.size,
      oldestMs: oldest?.takenMs,
      diskBytes: this.#disk?.bytes,
      diskFailures: this.#diskFailures,
      torn: this.#torn,
      corrupt: this.#corrupt,
      unreadable: this.#unreadable,
    };
  }

  get hasRoom(): boolean {
    return this.#queue.hasRoom;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** Returns the newest batch of each epoch that only memory holds. */
  get atRisk(): EncodedBatch[] {
    const newest = new Map([...this.#held].map((one) => [one.epoch, one]));
    return [...newest.values()].slice(-MOST_AT_RISK).flatMap((one) => this.#fromMemory(one) ?? []);
  }

  first(limits: Readonly<AttemptLimits>, except?: Waiting): Waiting[] {
    return this.#queue.first(limits, except);
  }

  /** Finds what an earlier life has left; resolves to the problem when the disk cannot be used. Never rejects. */
  open(): Promise<string | undefined> {
    return this.#save();
  }

  /** Stores a batch. It is on the disk when this resolves, unless with the problem: then in memory. Never rejects. */
  async put(batch: EncodedBatch): Promise<{ waiting: Waiting; problem: string | undefined }> {
    const { hostId, epoch, takenMs } = batch;
    const takenWallMs = this.#options.wallMs() - (this.#options.now() - takenMs);
    const record = encodeRecord({ hostId, epoch, takenWallMs }, batch);
    const at = { kind: 'memory', record } as const;
    const waiting: Waiting = { hostId, epoch, takenMs, size: record.length, at, isGone: false };
    this.#held.add(waiting);
    await this.#letGo(this.#queue.push(waiting));
    return { waiting, problem: await this.#save() };
  }

  /** Reads batches, without those that can no longer be read: these are given up. Rejects when it cannot be told. */
  async read(all: readonly Waiting[]): Promise<{ waiting: Waiting; batch: EncodedBatch }[]> {
    const onDisk = all.flatMap((waiting) =>
      waiting.at.kind === 'disk' ? [{ waiting, stored: waiting.at.stored }] : [],
    );
    const read = await this.#disk?.read(onDisk.map(({ stored }) => stored));
    const bytesOf = new Map(onDisk.map(({ waiting }, i) => [waiting, read?.[i]]));
    const readable = all.flatMap((waiting) => {
      const bytes = bytesOf.get(waiting);
      const batch = bytes ? { ...keysOf(waiting), bytes } : this.#fromMemory(waiting);
      return batch ? [{ waiting, batch }] : [];
    });
    await this.#giveUp(
      onDisk.filter(({ waiting }) => bytesOf.get(waiting) === undefined).map(({ waiting }) => waiting),
    );
    return readable;
  }

  /** Removes batches that are settled. Never rejects. */
  async remove(settled: readonly Waiting[]): Promise<void> {
    for (const one of settled) this.#queue.remove(one);
    await this.#letGo(settled);
  }

  async close(): Promise<void> {
    await this.#disk?.close();
  }

  #fromMemory(waiting: Waiting): EncodedBatch | undefined {
    const record = waiting.at.kind === 'memory' ? decodeRecord(waiting.at.record) : undefined;
    return record && { ...keysOf(waiting), bytes: record.bytes };
  }

  /** Brings what only memory holds to the disk, oldest first. */
  async #save(): Promise<string | undefined> {
    const { directory, bytes } = this.#options;
    if (directory === undefined) return undefined;
    try {
      const disk = this.#disk ?? (await this.#openDisk({ directory, bytes }));
      for (const waiting of this.#held) await this.#saveOne(disk, waiting);
    } catch (error) {
      this.#diskFailures++;
      return diskProblem(directory, error as Error);
    }
    const problem = this.#unmarked;
    this.#unmarked = undefined;
    return problem;
  }

  async #saveOne(disk: Disk, waiting: Waiting): Promise<void> {
    if (waiting.at.kind !== 'memory') return;
    const stored = await disk.append(waiting.at.record);
    waiting.at = { kind: 'disk', stored };
    this.#held.delete(waiting);
    if (waiting.isGone) await this.#letGo([waiting]);
  }

  async #openDisk(options: DiskOptions): Promise<Disk> {
    const { disk, recovered } = await Disk.open(options);
    this.#logRecovered(options.directory, recovered);
    this.#torn += recovered.torn;
    this.#corrupt += recovered.corrupt.length;
    const { now, wallMs } = this.#options;
    const [nowMs, nowWallMs] = [now(), wallMs()];
    const found = recovered.records.map(({ stored, description: { hostId, epoch, takenWallMs } }): Waiting => {
      const takenMs = nowMs - Math.max(0, nowWallMs - takenWallMs);
      return { hostId, epoch, takenMs, size: stored.size, at: { kind: 'disk', stored }, isGone: false };
    });
    this.#disk = disk;
    await this.#letGo(this.#queue.unshift(found));
    return disk;
  }

  #logRecovered(directory: string, { records, torn, corrupt }: Recovered): void {
    const { log } = this.#options;
    if (records.length > 0) log.info({ directory }, `found ${records.length} batches that were not delivered`);
    if (torn > 0) log.info({ directory }, `cut off ${torn} batches that a crash had left half written`);
    for (const { path, reason } of corrupt) {
      log.error({ path }, `the outbox was damaged: ${reason}; the file is set aside, and what is whole of it is kept`);
    }
  }

  async #giveUp(lost: readonly Waiting[]): Promise<void> {
    // What was dropped meanwhile may have been rewritten away; that is no damage.
    const damaged = lost.filter((one) => !one.isGone);
    if (damaged.length === 0) return;
    this.#unreadable += damaged.length;
    const { directory } = this.#options;
    this.#options.log.error(
      { directory },
      `${damaged.length} batches can no longer be read from the outbox and are lost`,
    );
    await this.remove(damaged);
  }

  /** Removes from the disk and from memory what is gone from the queue. */
  async #letGo(gone: readonly Waiting[]): Promise<void> {
    const stored = gone.flatMap((one) => (one.at.kind === 'disk' ? [one.at.stored] : []));
    for (const one of gone) {
      one.isGone = true;
      this.#held.delete(one);
    }
    if (stored.length === 0) return;
    await this.#disk?.forget(stored).catch((error: unknown) => {
      this.#diskFailures++;
      this.#unmarked = `cannot mark what is delivered in ${this.#options.directory}: ${(error as Error).message}`;
    });
  }
}

function keysOf({ hostId, epoch, takenMs }: Waiting): Omit<EncodedBatch, 'bytes'> {
  return { hostId, epoch, takenMs };
}

const FIXES: Readonly<Record<string, string>> = {
  ENOSPC: 'make room there, or lower outbox.bytes',
  EDQUOT: 'make room there, or lower outbox.bytes',
  EACCES: 'make it writable for the agent',
  EPERM: 'make it writable for the agent',
  EROFS: 'mount a writable file system there',
};

/** Says why the outbox's directory cannot be used, in words for the operator. */
function diskProblem(directory: string, error: Error): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  const fix =
    error instanceof LockedError
      ? 'stop that one, or give each an outbox.directory of its own'
      : [FIXES[code], 'give another outbox.directory'].filter(Boolean).join(', or ');
  return (
    `cannot keep batches in ${directory}: ${error.message}; they are held in memory, where a kill of the agent loses them; ` +
    fix
  );
}
