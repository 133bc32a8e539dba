/**
 * Looks on while an agent counts: reads the newest pair of histograms of an agent and changes nothing. Where no agent
 * counts, it counts itself, in an instance that it removes when it is closed.
 */
import { deriveId } from '@tcewatch/protocol';
import type { Reading, Source } from '../model.js';
import { countsOf } from './hist-counts.js';
import { HIST, readInstance } from './hist-instance.js';
import { LiveHost } from './live-host.js';
import type { SourceOptions } from './options.js';
import { openPassing } from './passing.js';
import type { PassingInstance, PassingOptions } from './passing.js';
import { instancesOf } from './tracefs.js';

/** `command` and `pid` name the instance that is made where no agent counts. */
export function createOnlooker(
  options: SourceOptions,
  passing: Pick<PassingOptions, 'command' | 'pid' | 'directories'>,
): Source {
  return new Onlooker(options, passing);
}

/** What is read, and since when it counts. */
interface Counting {
  directory: string;
  sinceNs: bigint;
}

class Onlooker implements Source {
  readonly name = 'hist';
  #host: LiveHost | undefined;
  #own: (Counting & { instance: PassingInstance }) | undefined;

  constructor(
    private readonly options: SourceOptions,
    private readonly passing: Pick<PassingOptions, 'command' | 'pid' | 'directories'>,
  ) {}

  async open(): Promise<void> {
    this.#host = await LiveHost.open(this.options, this.name);
  }

  async next(): Promise<Reading | undefined> {
    const host = this.#host;
    if (!host) return undefined;
    const { directory, sinceNs } = await this.#counting(host);
    const clock = await host.clock();
    const counts = countsOf(await readInstance(directory), directory);
    const epoch = deriveId(host.facts.bootId, 'hist', sinceNs);
    return host.reading(clock, { ...counts, epoch, epochBeganNs: sinceNs });
  }

  async close(): Promise<void> {
    await this.#own?.instance.remove();
    this.#own = undefined;
    this.#host = undefined;
  }

  /** Once it counts itself it goes on so, though an agent should start. */
  async #counting(host: LiveHost): Promise<Counting> {
    if (this.#own) return this.#own;
    const { root, hist } = this.options;
    const [newest] = await instancesOf(root, HIST);
    if (newest) return { directory: newest.directory, sinceNs: newest.madeNs };
    const instance = await openPassing({ root, size: hist.size, ...this.passing });
    const { uptimeNs } = await host.clock();
    this.#own = { instance, directory: instance.directory, sinceNs: uptimeNs };
    return this.#own;
  }
}
