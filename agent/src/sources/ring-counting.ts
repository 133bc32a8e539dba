/** The ring of a host over the lives of the agent: one that a former life left is gone on with, else there is a new one. */
import type { Account, Loss } from '@tcewatch/protocol';
import type { Cell, Reading, Told } from '../model.js';
import { RING_COUNTERS, RingCounts, accountsOf, total } from './ring-counts.js';
import type { EarlierTally } from './ring-counts.js';
import { checkRing, makeRing, readFormats, removeRing, resumeRing, ringsLeft } from './ring-instance.js';
import type { Ring } from './ring-instance.js';
import { RingReader } from './ring-reader.js';
import type { RingReaderOptions } from './ring-reader.js';
import type { InstanceKind } from './tracefs.js';
import type { Tracefs } from './tracefs-files.js';

/** Where a ring is made, and how. */
export interface RingPlace {
  tracefs: Tracefs;
  /** Where tracefs is mounted. */
  tracing: string;
  /** Of the instances' names, which bear the uptime at which they were made besides. */
  prefix: string;
  kind: InstanceKind;
  options: RingReaderOptions;
}

/** What earlier lives of the agent made of a ring. */
interface Earlier {
  /** What they reported. */
  cells: readonly Cell[];
  /** In the order of RING_COUNTERS. */
  tallies: readonly EarlierTally[];
}

const NOTHING_EARLIER: Earlier = { cells: [], tallies: [] };

export class RingCounting {
  private constructor(
    private readonly tracefs: Tracefs,
    private readonly ring: Ring,
    /** Uptime at which the ring was made, in nanoseconds. */
    readonly madeNs: bigint,
    private readonly reader: RingReader,
    private readonly counts: RingCounts,
    private readonly earlier: Earlier,
    private readonly problems: string[],
  ) {
    reader.start();
  }

  /**
   * Goes on with the ring of which `told` is what was reported of it, if `isTold` knows it; else makes one. All others are
   * removed. Throws SourceError, or RingError for events that cannot be decoded.
   */
  static async open(
    place: RingPlace,
    nowNs: bigint,
    told: Told | undefined,
    isTold: (madeNs: bigint) => boolean,
  ): Promise<RingCounting> {
    const { tracefs, tracing, prefix, kind, options } = place;
    const problems: string[] = [];
    let found: RingCounting | undefined;
    for (const { ring, number, isWhole } of await ringsLeft(tracefs, tracing, prefix, kind)) {
      if (told && isWhole && isTold(number)) found = await RingCounting.resume(place, ring, number, told);
      if (found?.madeNs !== number) problems.push(...(await removeRing(ring, tracefs)));
    }
    if (!found) {
      const formats = await readFormats(tracefs, tracing, kind);
      const ring = await makeRing(tracefs, tracing, `${prefix}-${nowNs}`, options, kind);
      try {
        const counts = new RingCounts(formats, 'punts');
        const reader = await RingReader.open(directoriesOf(ring), counts, options);
        found = new RingCounting(tracefs, ring, nowNs, reader, counts, NOTHING_EARLIER, []);
      } catch (error) {
        await removeRing(ring, tracefs);
        throw error;
      }
    }
    found.problems.push(...problems);
    return found;
  }

  /** Undefined where the kernel has emptied the ring since. */
  private static async resume(
    { tracefs, tracing, kind, options }: RingPlace,
    ring: Ring,
    madeNs: bigint,
    told: Told,
  ): Promise<RingCounting | undefined> {
    const counts = new RingCounts(await readFormats(tracefs, tracing, kind), 'punts');
    await resumeRing(tracefs, ring, options);
    const reader = await RingReader.open(directoriesOf(ring), counts, options);
    const read = reader.stats().map((cpus) => total(cpus, (cpu) => cpu.read));
    const tallies = RING_COUNTERS.map((counter, i) => earlierTally(told, counter, read[i] ?? 0));
    if (tallies.some(({ unreported }) => unreported < 0)) {
      await reader.close();
      return undefined;
    }
    // Of each CPU another part has been read: which call a punt is of cannot be told before now.
    counts.gap(options.monotonicNs());
    const earlier = { cells: told.cells, tallies };
    return new RingCounting(tracefs, ring, madeNs, reader, counts, earlier, problemsOf(told, tallies));
  }

  /** What is counted now; the last time all that was read. Throws SourceError. */
  async count(isLast: boolean): Promise<Pick<Reading, 'cells' | 'accounts' | 'problems'>> {
    const { tracefs, ring, reader, counts, earlier, problems } = this;
    await checkRing(tracefs, ring);
    await (isLast ? reader.finish() : reader.catchUp());
    // Of one instant: nothing may be waited for in between, or the next sweep would be in one and not in the other.
    return {
      cells: [...earlier.cells, ...counts.cells()],
      accounts: accountsOf(reader.tallies(), earlier.tallies),
      problems: [...problems, ...counts.problems],
    };
  }

  /** The kernel goes on writing. */
  close(): Promise<void> {
    return this.reader.close();
  }
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
function problemsOf({ accounts }: Told, tallies: readonly EarlierTally[]): string[] {
  const told = (losses: readonly Loss[]) => losses.find(({ kind }) => kind === 'unreported')?.events ?? 0;
  return RING_COUNTERS.flatMap((counter, i) => {
    const before = told(accounts.find((account) => account.counter === counter)?.losses ?? []);
    const lost = (tallies[i]?.unreported ?? 0) - before;
    if (lost <= 0) return [];
    return `the agent before this one was killed: ${lost} ${counter} calls that it had read and not reported are lost`;
  });
}
