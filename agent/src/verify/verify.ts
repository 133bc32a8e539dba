/** Counts the same calls for some time by a histogram and by a ring, each in tracefs instances of its own, and compares. */
import type { Cell } from '../model.js';
import { AgentError } from '../errors.js';
import { countsOf } from '../sources/hist/counts.js';
import { HIST, readInstance } from '../sources/hist/instance.js';
import type { Pace } from '../clock.js';
import { openTemporaryInstance } from '../sources/hist/temporary-instance.js';
import { RingCounts } from '../ring/counts.js';
import { makeRing, readFormats, removeRing, removeRings } from '../ring/instance.js';
import { RingReader } from '../ring/reader.js';
import type { RingReaderOptions } from '../ring/reader.js';
import { Tracefs } from '../tracefs/tracefs.js';
import { findTracefs } from '../tracefs/instances.js';
import type { InstanceSpec } from '../tracefs/instances.js';
import { Comparator } from './compare.js';
import type { Comparison } from './compare.js';

/** A counter of calls from when it was opened. */
export interface CallCounter {
  /** Reads the counts. Throws AgentError when it has lost some: then nothing can be compared. */
  read(): Promise<Cell[]>;
  /** Closes the counter; resolves to what could not be removed, as problems. */
  close(): Promise<string[]>;
}

export interface VerifyOptions {
  seconds: number;
  pace: Pace;
  stop: AbortSignal;
  /** Called after each sample, with the seconds done. */
  onProgress: (seconds: number) => void;
}

const SAMPLE_EVERY_MS = 100;
/**
 * Time between reading the ring and the histogram, in milliseconds: the probes of the two see an event one after the
 * other, and either may be interrupted in between. So the ring is read this long before and after the histogram.
 */
const MARGIN_MS = 5;

/** Compares the two for some time. Throws AgentError when one cannot be read or has lost something. */
export async function verify(hist: CallCounter, ring: CallCounter, options: VerifyOptions): Promise<Comparison[]> {
  const { seconds, pace, stop, onProgress } = options;
  const comparing = new Comparator();
  const beganMs = pace.now();
  for (;;) {
    const before = await ring.read();
    await pace.sleep(MARGIN_MS, stop);
    const counted = await hist.read();
    await pace.sleep(MARGIN_MS, stop);
    comparing.add({ before, hist: counted, after: await ring.read() });
    const passedMs = pace.now() - beganMs;
    onProgress(Math.min(passedMs / 1000, seconds));
    if (passedMs >= seconds * 1000 || stop.aborted) return comparing.result();
    await pace.sleep(SAMPLE_EVERY_MS, stop);
  }
}

/** Opens a histogram of this host's calls. `pid` is that of this process. */
export async function openHistCounter(root: string, pid: number, size: number): Promise<CallCounter> {
  const tracefs = new Tracefs(undefined, HIST.withoutEvents);
  const passing = await openTemporaryInstance({ tracefs, root, command: 'verify', pid, size });
  const { directory } = passing;
  return {
    read: async () => {
      const { cells, accounts } = countsOf(await readInstance(tracefs, directory), directory);
      const lost = accounts.flatMap(({ losses }) => losses).reduce((sum, { events }) => sum + events, 0);
      if (lost > 0) throw new AgentError('hist-full', `a histogram was full and lost ${lost} calls: raise hist.size`);
      return cells;
    },
    close: () => passing.remove(),
  };
}

/** Opens a ring of this host's calls. `kind` is given by tests. */
export async function openRingCounter(
  root: string,
  pid: number,
  options: RingReaderOptions,
  kind: InstanceSpec = HIST,
): Promise<CallCounter> {
  const tracefs = new Tracefs(undefined, kind.withoutEvents);
  const place = { tracefs, tracing: await findTracefs(root, tracefs), prefix: `${kind.prefix}-verify-ring`, kind };
  const counts = new RingCounts(await readFormats(place), 'punts');
  // Those that are in use cannot be removed.
  await removeRings(place);
  const ring = await makeRing(place, BigInt(pid), options);
  const directories = ring.map(({ directory }) => directory);
  const reader = await RingReader.open(directories, counts, options).catch(async (error: unknown) => {
    await removeRing(ring, tracefs);
    throw error;
  });
  reader.start();
  return {
    read: async () => {
      await reader.catchUp();
      const lost = reader.tallies().reduce((sum, { overwritten, dropped }) => sum + overwritten + dropped, 0);
      if (lost > 0) throw new AgentError('ring-lost', `the ring lost ${lost} calls: raise --ring-kb-per-cpu`);
      const [problem] = counts.problems;
      if (problem !== undefined) throw new AgentError('ring-undecodable', problem);
      return counts.cells();
    },
    close: async () => {
      await reader.close();
      return removeRing(ring, tracefs);
    },
  };
}
