/**
 * The source `hist`: two histograms that the kernel keeps in a private tracefs instance. They are left there when the
 * source is closed, for the next agent to go on with.
 */
import { deriveId } from '@tcewatch/protocol';
import type { Reading, Source } from '../model.js';
import { lookAt, problemsOf } from '../proc/look.js';
import { sightVms } from '../proc/vms.js';
import { countsOf } from './hist-counts.js';
import { HIST, readInstance } from './hist-instance.js';
import { hostOf, unattributedEvidenceOf } from './host.js';
import { liveClock, liveHost } from './live.js';
import type { LiveHost } from './live.js';
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
    this.#host = await liveHost(this.options);
    await this.#counting();
  }

  async next(): Promise<Reading | undefined> {
    if (!this.#host) return undefined;
    const { facts, problems: hostProblems } = this.#host;
    const instance = await this.#counting();
    const clock = await liveClock(this.options);
    const { cells, accounts, problems } = await this.#read(instance);
    const look = lookAt(this.options.root);
    const vms = await sightVms(look, facts, clock.uptimeNs);
    return {
      clock,
      host: hostOf(facts, this.options, this.name, 'unnamed'),
      bootId: facts.bootId,
      epoch: deriveId(facts.bootId, 'hist', instance.madeNs),
      epochBeganNs: instance.madeNs,
      cells,
      accounts,
      vms,
      unattributedEvidence: unattributedEvidenceOf(facts),
      problems: [...hostProblems, ...instance.problems, ...problems, ...problemsOf(look)],
    };
  }

  close(): Promise<void> {
    this.#host = undefined;
    this.#instance = undefined;
    return Promise.resolve();
  }

  /** The instance that counts; found or made anew after an error, since that may be what was wrong with it. */
  async #counting(): Promise<Instance> {
    const { root, hist } = this.options;
    this.#instance ??= await openInstance({
      root,
      kind: HIST,
      size: hist.size,
      nowNs: (await liveClock(this.options)).uptimeNs,
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
