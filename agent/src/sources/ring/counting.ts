/**
 * The ring of a host over the lives of the agent and over epochs: a ring that a former life left is gone on with, and an
 * epoch ends when it is crowded by threads that have ended.
 */
import type { Account } from '@tcewatch/protocol';
import type { Cell, Handover, LatencyCell, Reading, Told, VmSighting } from '../../model.js';
import { DEFAULT_CELL_LIMITS, NO_THREAD } from './decode/cells.js';
import { RING_COUNTERS, RingCounts, accountsOf, total } from './counts.js';
import type { EarlierTally } from './counts.js';
import { checkRing, makeRing, readFormats, removeRing, resumeRing, ringsLeft, timedLeft } from './instance.js';
import type { Ring, RingPlace } from './instance.js';
import { RingReader } from './reader.js';
import type { RingReaderOptions } from './reader.js';
import { RingTiming } from './latencies.js';

export interface RingOptions extends RingReaderOptions {
  /** Whether calls are timed. */
  latency?: boolean;
}

/** What is counted by now. */
export interface RingCounted extends Pick<Reading, 'cells' | 'latencies' | 'accounts' | 'problems'> {
  /** Uptime at which the epoch began, in nanoseconds. */
  beganNs: bigint;
  /** Present when another epoch begins here; at the uptime of this reading. */
  handover?: Omit<Handover, 'epoch'>;
}

/** What earlier lives of the agent made of a ring. */
interface Earlier {
  /** What they reported in this epoch. */
  cells: readonly Cell[];
  /** Since the ring was made, in the order of RING_COUNTERS. */
  tallies: readonly EarlierTally[];
  problems: string[];
}

/** An epoch ends when so many threads or cells are of threads that have ended: they must not take the room of the living. */
const MOST_ENDED = { threads: DEFAULT_CELL_LIMITS.threads / 8, cells: DEFAULT_CELL_LIMITS.cells / 8 };

export class RingCounting {
  /** Had cells at the last reading, and had ended by then. */
  private ended: ReadonlySet<number> = new Set();
  private timing: RingTiming | undefined;

  private constructor(
    private readonly place: RingPlace,
    private readonly ring: Ring,
    /** Uptime at which the ring was made, in nanoseconds. */
    readonly madeNs: bigint,
    /** The same of the epoch. */
    private beganNs: bigint,
    private readonly reader: RingReader,
    private readonly counts: RingCounts,
    private earlier: Earlier,
  ) {
    reader.start();
  }

  /**
   * Goes on with the ring of which `told` is what was reported, if `isTold` knows it by the uptime at which it was made;
   * else makes one. All others are removed. Throws SourceError, or RingError for events that cannot be decoded.
   */
  static async open(
    place: RingPlace,
    options: RingOptions,
    nowNs: bigint,
    told: Told | undefined,
    isTold: (madeNs: bigint) => boolean,
  ): Promise<RingCounting> {
    const problems = await removeRing(await timedLeft(place), place.tracefs);
    let found: RingCounting | undefined;
    for (const { ring, number: madeNs, isWhole } of await ringsLeft(place)) {
      const resumed = told && isWhole && isTold(madeNs) && (await resume(place, ring, options, told));
      if (resumed) found = new RingCounting(place, ring, madeNs, told.beganNs, ...resumed);
      else problems.push(...(await removeRing(ring, place.tracefs)));
    }
    found ??= await RingCounting.begin(place, options, nowNs);
    found.earlier.problems.push(...problems);
    if (options.latency) await found.time(options);
    return found;
  }

  private static async begin(place: RingPlace, options: RingOptions, madeNs: bigint): Promise<RingCounting> {
    const counts = new RingCounts(await readFormats(place), 'punts');
    const ring = await makeRing(place, madeNs, options);
    try {
      const reader = await RingReader.open(directoriesOf(ring), counts, options);
      const nothing = { cells: [], tallies: [], problems: [] };
      return new RingCounting(place, ring, madeNs, madeNs, reader, counts, nothing);
    } catch (error) {
      await removeRing(ring, place.tracefs);
      throw error;
    }
  }

  /** What is counted now; the last time all that was read. `nowNs` is the uptime. Throws SourceError. */
  async count(nowNs: bigint, isLast: boolean): Promise<RingCounted> {
    const { place, ring, beganNs, reader, counts } = this;
    await checkRing(place.tracefs, ring);
    const latencies = await this.measured();
    await (isLast ? reader.finish() : reader.catchUp());
    // Of one instant: nothing may be waited for from here on, or the next sweep would be in one and not in the other.
    const counted = {
      beganNs,
      cells: [...this.earlier.cells, ...counts.cells()],
      ...(latencies && { latencies }),
      accounts: accountsOf(reader.tallies(), this.earlier.tallies),
      problems: [...this.earlier.problems, ...counts.problems],
    };
    const handover = isCrowded(counted.cells, this.ended) ? this.handOver(nowNs, counted) : undefined;
    return handover ? { ...counted, handover } : counted;
  }

  /** The VMs by the time of the last reading, whose cells these are; undefined where nobody could look. */
  look(cells: readonly Cell[], vms: readonly VmSighting[] | undefined): void {
    const alive = new Set(vms?.flatMap(({ threads }) => threads.map(({ tid }) => tid)));
    const tids = vms ? cells.map(({ tid }) => tid).filter((tid) => tid !== NO_THREAD && !alive.has(tid)) : [];
    this.ended = new Set(tids);
  }

  /** The kernel goes on writing what is counted. */
  async close(): Promise<void> {
    await this.reader.close();
    await this.timing?.close();
  }

  /** From here on without the threads that have ended; those that should live after all begin anew with the epoch. */
  private handOver(nowNs: bigint, { cells, latencies, accounts }: RingCounted): NonNullable<RingCounted['handover']> {
    const { ended, earlier } = this;
    const stays = ({ tid }: { tid: number }) => !ended.has(tid);
    this.earlier = { ...earlier, cells: earlier.cells.filter(stays) };
    this.counts.drop(ended);
    this.timing?.drop(ended);
    this.ended = new Set();
    this.beganNs = nowNs;
    return { cells: cells.filter(stays), ...(latencies && { latencies: latencies.filter(stays) }), seen: accounts };
  }

  /** What cannot be timed costs no count: it is said, and counting goes on. */
  private async time(options: RingOptions): Promise<void> {
    try {
      this.timing = await RingTiming.open(this.place, this.madeNs, options);
    } catch (error) {
      this.earlier.problems.push(`calls are not timed: ${(error as Error).message}`);
    }
  }

  private async measured(): Promise<LatencyCell[] | undefined> {
    const { timing } = this;
    try {
      return await timing?.latencies();
    } catch (error) {
      this.timing = undefined;
      this.earlier.problems.push(`calls are not timed any more: ${(error as Error).message}`);
      await timing?.close();
      return undefined;
    }
  }
}

/** Undefined where the kernel has emptied the ring since. */
async function resume(
  place: RingPlace,
  ring: Ring,
  options: RingOptions,
  told: Told,
): Promise<[RingReader, RingCounts, Earlier] | undefined> {
  const counts = new RingCounts(await readFormats(place), 'punts');
  await resumeRing(place.tracefs, ring, options);
  const reader = await RingReader.open(directoriesOf(ring), counts, options);
  const read = reader.stats().map((cpus) => total(cpus, (cpu) => cpu.read));
  const tallies = RING_COUNTERS.map((counter, i) => earlierTally(told, counter, read[i] ?? 0));
  if (tallies.some(({ unreported }) => unreported < 0)) {
    await reader.close();
    return undefined;
  }
  // Of each CPU another part has been read: which call a punt is of cannot be told before now.
  counts.gap(options.monotonicNs());
  return [reader, counts, { cells: told.cells, tallies, problems: newlyLost(told, tallies) }];
}

function directoriesOf(ring: Ring): string[] {
  return ring.map(({ directory }) => directory);
}

/**
 * The kernel knows how many events were read since the ring was made (`read events`), and the ledger how many of them are in
 * its counts: the others were read by a life of the agent that ended before it could report them.
 */
function earlierTally({ accounts }: Told, counter: Account['counter'], read: number): EarlierTally {
  const { seen, losses } = accounts.find((account) => account.counter === counter) ?? { seen: 0, losses: [] };
  const reported = seen - total(losses, ({ events }) => events);
  return { reported, unreported: read - reported };
}

/** What is lost with the life before this one, in words for the operator. */
function newlyLost({ accounts }: Told, tallies: readonly EarlierTally[]): string[] {
  return RING_COUNTERS.flatMap((counter, i) => {
    const losses = accounts.find((account) => account.counter === counter)?.losses ?? [];
    const before = losses.find(({ kind }) => kind === 'unreported')?.events ?? 0;
    const lost = (tallies[i]?.unreported ?? 0) - before;
    if (lost <= 0) return [];
    return `the agent before this one was killed: ${lost} ${counter} calls that it had read and not reported are lost`;
  });
}

function isCrowded(cells: readonly Cell[], ended: ReadonlySet<number>): boolean {
  if (ended.size >= MOST_ENDED.threads) return true;
  return total(cells, ({ tid }) => (ended.has(tid) ? 1 : 0)) >= MOST_ENDED.cells;
}
