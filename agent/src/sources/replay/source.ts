/**
 * The source `replay`: a recording of a host, read as if it were one. Its clock is the recording's, and two replays of one
 * recording give the same readings.
 */
import { access } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { deriveId } from '@tcewatch/protocol';
import type { Clock } from '@tcewatch/protocol';
import type { Reading, Source } from '../../model.js';
import { countsOf } from '../hist/counts.js';
import { hostOf, unattributedEvidenceOf } from '../host-identity.js';
import { z } from 'zod';
import { defineSource } from '../entry.js';
import type { SourceContext } from '../entry.js';
import { END_STEP, finalPath, snapshotPath } from './layout.js';
import { RecordedRing } from './recorded-ring.js';
import { listSnapshots, readClock, readTexts, readTimeline, readTrees } from './recording.js';
import type { Timeline } from './recording.js';
import { vmsAt } from './vm-snapshots.js';
import type { VmSnapshot } from './vm-snapshots.js';

/** One reading to come. */
interface Step {
  directory: string;
  /** Time of the step, where the recording has none of its own. */
  clock?: Clock;
}

/** Counts a step of the recording for its reading. */
type Count = (step: Step, clock: Clock) => Promise<Pick<Reading, 'cells' | 'latencies' | 'accounts' | 'problems'>>;

/** The opened recording; `common` is the same in all readings. */
interface Recording {
  common: Pick<Reading, 'host' | 'bootId' | 'epoch' | 'epochBeganNs' | 'unattributedEvidence'>;
  steps: Step[];
  trees: VmSnapshot[];
  count: Count;
}

const replaySettings = z
  .strictObject({
    directory: z.string().optional().describe('The recording that the source `replay` reads.'),
    source: z
      .enum(['hist', 'ring'])
      .default('hist')
      .describe('What of the recording is read: the histograms, or the ring buffer.'),
    speed: z
      .number()
      .nonnegative()
      .default(1)
      .describe('How many times as fast as it was recorded; 0 is as fast as possible.'),
  })
  .prefault({});

export type ReplaySettings = z.output<typeof replaySettings>;
type ReplayOptions = SourceContext & { replay: ReplaySettings };

export const replay = defineSource({
  settings: { replay: replaySettings },
  isLive: false,
  doctor: [],
  missing: ({ replay: { directory } }) =>
    directory === undefined ? { path: ['replay', 'directory'], fix: 'give the directory of the recording' } : undefined,
  create: (options) => createReplay(options),
});

export function createReplay(options: ReplayOptions): Source {
  return new Replay(options);
}

class Replay implements Source {
  readonly name = 'replay';
  readonly #closing = new AbortController();
  #recording: Recording | undefined;
  #ring: RecordedRing | undefined;
  #done = 0;
  /** Time of the first reading, by the pace's clock. */
  #startedAt: number | undefined;

  constructor(private readonly options: ReplayOptions) {}

  async open(): Promise<void> {
    const { directory: given, source } = this.options.replay;
    if (given === undefined) throw new RangeError('the schema lets `source: replay` pass only with a replay.directory');
    const directory = resolve(given);
    const snapshots = (await listSnapshots(directory)).map((number) => ({
      directory: snapshotPath(directory, number),
    }));
    const timeline = await readTimeline(directory);
    const { host, trees } = await readTrees(directory, timeline);
    const { uptimeNs } = await firstClock(snapshots);
    const [final, count] =
      source === 'ring'
        ? await this.#ofRing(directory, snapshots, timeline)
        : [await finalStep(directory, snapshots, timeline), countHist];
    this.#recording = {
      common: {
        host: hostOf(host, this.options, this.name, basename(directory)),
        bootId: host.bootId,
        epoch: deriveId(host.bootId, source, uptimeNs),
        epochBeganNs: uptimeNs,
        unattributedEvidence: unattributedEvidenceOf(host),
      },
      steps: [...snapshots, ...final],
      trees,
      count,
    };
  }

  async next(): Promise<Reading | undefined> {
    const recording = this.#recording;
    const step = recording?.steps[this.#done];
    if (!recording || !step) return undefined;
    try {
      const clock = step.clock ?? (await readClock(step.directory));
      await this.#wait(clock.uptimeNs - recording.common.epochBeganNs);
      if (this.#closing.signal.aborted) return undefined;
      const counted = await recording.count(step, clock);
      const shown = vmsAt(recording.trees, clock.uptimeNs);
      return {
        ...recording.common,
        ...counted,
        clock,
        vms: recording.trees.length > 0 ? shown.vms : undefined,
        problems: [...counted.problems, ...shown.problems],
      };
    } finally {
      this.#done++;
      this.options.onProgress?.(this.#done, recording.steps.length);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#recording = undefined;
    await this.#ring?.close();
    this.#ring = undefined;
  }

  /** Opens the ring, whose clock is that of uptime; what it holds beyond the last snapshot is a last reading. */
  async #ofRing(directory: string, snapshots: readonly Step[], timeline: Timeline): Promise<[Step[], Count]> {
    const ring = await RecordedRing.open(directory);
    this.#ring = ring;
    const end: Step = { directory: ring.directory, clock: await endClock(snapshots, timeline) };
    return [[end], (step, { uptimeNs }) => Promise.resolve(ring.until(step === end ? Infinity : Number(uptimeNs)))];
  }

  async #wait(sinceBeginNs: bigint): Promise<void> {
    const { pace, replay } = this.options;
    const { speed } = replay;
    if (speed <= 0 || !Number.isFinite(speed)) return;
    this.#startedAt ??= pace.now();
    const milliseconds = this.#startedAt + Number(sinceBeginNs) / 1e6 / speed - pace.now();
    if (milliseconds > 0) await pace.sleep(milliseconds, this.#closing.signal);
  }
}

/** Returns the first clock that can be read: a snapshot without a good one is an error of its own reading only. */
async function firstClock(steps: readonly Step[]): Promise<Clock> {
  let error: unknown;
  for (const { directory } of steps) {
    try {
      return await readClock(directory);
    } catch (cause) {
      error ??= cause;
    }
  }
  throw error;
}

/** Returns a last reading, if the recording has final histograms that say more than its last snapshot. */
async function finalStep(directory: string, snapshots: readonly Step[], timeline: Timeline): Promise<Step[]> {
  const final = finalPath(directory);
  const last = snapshots.at(-1);
  const there = await access(final).then(
    () => true,
    () => false,
  );
  if (!there || !last || (await seen(final)) === (await seen(last.directory))) return [];
  return [{ directory: final, clock: await endClock(snapshots, timeline) }];
}

/** Returns the time at which everything had stopped. */
async function endClock(snapshots: readonly Step[], timeline: Timeline): Promise<Clock> {
  return timeline.get(END_STEP) ?? readClock(snapshots.at(-1)?.directory ?? '');
}

async function countHist({ directory }: Step) {
  const { cells, accounts } = countsOf(await readTexts(directory), directory);
  return { cells, accounts, problems: [] };
}

/** Returns the events that the kernel saw, as text that compares; undefined where they cannot be read. */
async function seen(directory: string): Promise<string | undefined> {
  try {
    return JSON.stringify(countsOf(await readTexts(directory), directory).accounts);
  } catch {
    return undefined;
  }
}
