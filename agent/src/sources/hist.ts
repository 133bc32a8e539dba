/**
 * The source `hist`: two histograms that the kernel keeps in a private tracefs instance. They are left there when the
 * source is closed, for the next agent to go on with.
 */
import { deriveId } from '@tcewatch/protocol';
import type { Reading, Source } from '../model.js';
import { countsOf } from './hist-counts.js';
import { HIST, readInstance } from './hist-instance.js';
import { LiveHost } from './live-host.js';
import type { SourceOptions } from './options.js';
import { openInstance } from './tracefs.js';
import type { Directories, Instance } from './tracefs.js';

/** `directories` is given where tracefs is a recording. */
export function createHist(options: SourceOptions, directories?: Directories): Source {
  return new Hist(options, directories);
}

class Hist implements Source {
  readonly name = 'hist';
  #host: LiveHost | undefined;
  #instance: Instance | undefined;

  constructor(
    private readonly options: SourceOptions,
    private readonly directories: Directories | undefined,
  ) {}

  async open(): Promise<void> {
    this.#host = await LiveHost.open(this.options, this.name);
    await this.#counting(this.#host);
  }

  async next(): Promise<Reading | undefined> {
    const host = this.#host;
    if (!host) return undefined;
    const instance = await this.#counting(host);
    const clock = await host.clock();
    const { cells, accounts, problems } = await this.#read(instance);
    return host.reading(clock, {
      cells,
      accounts,
      epoch: deriveId(host.facts.bootId, 'hist', instance.madeNs),
      epochBeganNs: instance.madeNs,
      problems: [...instance.problems, ...problems],
    });
  }

  close(): Promise<void> {
    this.#host = undefined;
    this.#instance = undefined;
    return Promise.resolve();
  }

  /** The instance that counts; found or made anew after an error, since that may be what was wrong with it. */
  async #counting(host: LiveHost): Promise<Instance> {
    const { root, hist } = this.options;
    this.#instance ??= await openInstance({
      root,
      kind: HIST,
      size: hist.size,
      nowNs: (await host.clock()).uptimeNs,
      directories: this.directories,
    });
    return this.#instance;
  }

  async #read(instance: Instance) {
    try {
      return countsOf(await readInstance(instance.directory), instance.directory);
    } catch (error) {
      this.#instance = undefined;
      throw error;
    }
  }
}
