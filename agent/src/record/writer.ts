/** Writes a recording in the layout that `replay` reads. What is there can be replayed at any moment, whatever comes next. */
import { appendFile, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@tcewatch/protocol';
import { AgentError } from '../errors.js';
import { ENTER_EVENT, EXIT_EVENT } from '../sources/hist/counts.js';
import type { HistTexts } from '../sources/hist/counts.js';
import { writeTree } from './proc-snapshot.js';
import type { Tree } from './proc-snapshot.js';

export class RecordingWriter {
  #snapshots = 0;
  #trees = 0;

  private constructor(private readonly directory: string) {}

  /** Makes the directory. Throws AgentError `recording-exists` where there is something already. */
  static async create(directory: string): Promise<RecordingWriter> {
    return attempt(directory, async () => {
      await mkdir(directory, { recursive: true });
      if ((await readdir(directory)).length > 0) {
        throw new AgentError('recording-exists', `${directory} is not empty: give a directory that is, or a new one`);
      }
      await mkdir(join(directory, 'hist'));
      return new RecordingWriter(directory);
    });
  }

  get trees(): number {
    return this.#trees;
  }

  async snapshot(clock: Clock, texts: HistTexts): Promise<void> {
    await this.#histograms(join('hist', number(this.#snapshots)), texts, clock);
    this.#snapshots++;
  }

  async tree(clock: Clock, tree: Tree): Promise<void> {
    const name = number(this.#trees);
    await attempt(this.directory, async () => {
      const half = join(this.directory, `.root-${name}`);
      await writeTree(half, tree);
      await rename(half, join(this.directory, `root-${name}`));
    });
    this.#trees++;
    await this.#mark(clock, `tree ${name}`);
  }

  /** The histograms after everything, and when that was. */
  async end(clock: Clock, texts: HistTexts): Promise<void> {
    await this.#histograms('final', texts);
    await this.#mark(clock, 'end');
  }

  async begin(clock: Clock): Promise<void> {
    await this.#mark(clock, 'begin');
  }

  async #histograms(path: string, { enter, exit }: HistTexts, clock?: Clock): Promise<void> {
    await attempt(this.directory, async () => {
      const half = join(this.directory, '.half');
      await mkdir(half);
      if (clock) await writeFile(join(half, 'clock'), `${times(clock)}\n`);
      await writeFile(join(half, `${ENTER_EVENT}.hist`), enter);
      await writeFile(join(half, `${EXIT_EVENT}.hist`), exit);
      await rename(half, join(this.directory, path));
    });
  }

  async #mark(clock: Clock, step: string): Promise<void> {
    await attempt(this.directory, () => appendFile(join(this.directory, 'timeline.txt'), `${times(clock)} ${step}\n`));
  }
}

function number(index: number): string {
  return String(index).padStart(4, '0');
}

/** Seconds since 1970 and since boot. */
function times({ wallNs, uptimeNs }: Clock): string {
  return `${seconds(wallNs)} ${seconds(uptimeNs)}`;
}

function seconds(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
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
