/**
 * The source `hist`: two histograms that the kernel keeps in a private tracefs instance. They are left there when the
 * source is closed, for the next agent to go on with.
 */
import { deriveId } from '@tcewatch/protocol';
import type { Clock } from '@tcewatch/protocol';
import { SourceError } from '../model.js';
import type { Reading, Source } from '../model.js';
import { NO_BOOT, readHost } from '../proc/host.js';
import type { HostFacts } from '../proc/host.js';
import { lookAt, problemsOf, text } from '../proc/look.js';
import { uptimeNs } from '../proc/stat.js';
import { sightVms } from '../proc/vms.js';
import { countsOf } from './hist-counts.js';
import { hostOf, unattributedEvidenceOf } from './host.js';
import type { SourceOptions } from './options.js';
import { openInstance, readInstance } from './tracefs.js';
import type { Directories, Instance } from './tracefs.js';

/** `directories` is given where tracefs is a recording. */
export function createHist(options: SourceOptions, directories?: Directories): Source {
  return new Hist(options, directories);
}

class Hist implements Source {
  readonly name = 'hist';
  #host: { facts: HostFacts; problems: string[] } | undefined;
  #instance: Instance | undefined;

  constructor(
    private readonly options: SourceOptions,
    private readonly directories: Directories | undefined,
  ) {}

  async open(): Promise<void> {
    const look = lookAt(this.options.root);
    const facts = await readHost(look);
    if (facts.bootId === NO_BOOT) throw this.#withoutProc();
    this.#host = { facts, problems: problemsOf(look) };
    await this.#counting();
  }

  async next(): Promise<Reading | undefined> {
    if (!this.#host) return undefined;
    const { facts, problems: hostProblems } = this.#host;
    const instance = await this.#counting();
    const clock = await this.#clock();
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
      size: hist.size,
      nowNs: (await this.#clock()).uptimeNs,
      directories: this.directories,
    });
    return this.#instance;
  }

  async #read(instance: Instance) {
    try {
      return countsOf(await readInstance(instance), instance.directory);
    } catch (error) {
      this.#instance = undefined;
      throw error;
    }
  }

  async #clock(): Promise<Clock> {
    const uptime = uptimeNs((await text(lookAt(this.options.root), 'proc/uptime')) ?? '');
    if (uptime === undefined) throw this.#withoutProc();
    return { wallNs: this.options.now(), uptimeNs: uptime };
  }

  #withoutProc(): SourceError {
    return new SourceError(
      'proc-unreadable',
      `there is no /proc below ${this.options.root}: mount it there, or correct the setting root`,
    );
  }
}
