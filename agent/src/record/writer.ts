/** Writes a recording in the layout that `replay` reads (sources/replay/layout.ts). What is there can be replayed at any moment, whatever comes next. */
import { appendFile, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@tcewatch/protocol';
import { AgentError } from '../errors.js';
import { ENTER_EVENT, EXIT_EVENT } from '../sources/hist/counts.js';
import type { HistTexts } from '../sources/hist/counts.js';
import {
  BEGIN_STEP,
  END_STEP,
  clockPath,
  finalPath,
  formatClock,
  formatStep,
  histogramPath,
  snapshotPath,
  snapshotsPath,
  timelinePath,
  treePath,
  treeStep,
} from '../sources/replay/layout.js';
import { writeSnapshot } from './proc-snapshot.js';
import type { ProcSnapshot } from './proc-snapshot.js';

/** The directory in which a part of the recording is written before it gets its name. */
const HALF = '.half';

export class RecordingWriter {
  #snapshots = 0;
  #trees = 0;

  private constructor(private readonly directory: string) {}

  /** Creates the directory. Throws AgentError `recording-exists` where there is something already. */
  static async create(directory: string): Promise<RecordingWriter> {
    return attempt(directory, async () => {
      await mkdir(directory, { recursive: true });
      if ((await readdir(directory)).length > 0) {
        throw new AgentError('recording-exists', `${directory} is not empty: give a directory that is, or a new one`);
      }
      await mkdir(snapshotsPath(directory));
      return new RecordingWriter(directory);
    });
  }

  get trees(): number {
    return this.#trees;
  }

  async snapshot(clock: Clock, texts: HistTexts): Promise<void> {
    await this.#histograms(snapshotPath(this.directory, number(this.#snapshots)), texts, clock);
    this.#snapshots++;
  }

  async tree(clock: Clock, tree: ProcSnapshot): Promise<void> {
    const name = number(this.#trees);
    await attempt(this.directory, async () => {
      const half = join(this.directory, HALF);
      await writeSnapshot(half, tree);
      await rename(half, treePath(this.directory, name));
    });
    this.#trees++;
    await this.#mark(clock, treeStep(name));
  }

  /** Writes the histograms after everything, and when that was. */
  async end(clock: Clock, texts: HistTexts): Promise<void> {
    await this.#histograms(finalPath(this.directory), texts);
    await this.#mark(clock, END_STEP);
  }

  async begin(clock: Clock): Promise<void> {
    await this.#mark(clock, BEGIN_STEP);
  }

  async #histograms(path: string, { enter, exit }: HistTexts, clock?: Clock): Promise<void> {
    await attempt(this.directory, async () => {
      const half = join(this.directory, HALF);
      await mkdir(half);
      if (clock) await writeFile(clockPath(half), `${formatClock(clock)}\n`);
      await writeFile(histogramPath(half, ENTER_EVENT), enter);
      await writeFile(histogramPath(half, EXIT_EVENT), exit);
      await rename(half, path);
    });
  }

  async #mark(clock: Clock, step: string): Promise<void> {
    await attempt(this.directory, () => appendFile(timelinePath(this.directory), `${formatStep(clock, step)}\n`));
  }
}

function number(index: number): string {
  return String(index).padStart(4, '0');
}

async function attempt<T>(directory: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof AgentError) throw error;
    const { message } = error as Error;
    throw new AgentError(
      'recording-unwritable',
      `cannot write ${directory}: ${message}; what it holds so far can be replayed`,
      { cause: error },
    );
  }
}
