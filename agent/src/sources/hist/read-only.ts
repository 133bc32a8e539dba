/**
 * Looks on while an agent counts: reads the newest pair of histograms of an agent and changes nothing. Where no agent
 * counts, it counts itself, in an instance that it removes when it is closed.
 */
import { deriveId } from '@tcewatch/protocol';
import type { Reading, Source } from '../../model.js';
import { HIST, HIST_KINDS } from './instance.js';
import type { HistKind } from './instance.js';
import { readCounts } from './handover-reader.js';
import { LiveHost } from '../live-host.js';
import { refuseIfBlind } from '../preflight.js';
import type { HistOptions } from './source.js';
import { openPassing } from './temporary-instance.js';
import type { PassingInstance, PassingOptions } from './temporary-instance.js';
import { newestInstance } from '../../tracefs/instances.js';
import { Tracefs } from '../../tracefs/tracefs.js';
import type { TracefsFiles } from '../../tracefs/tracefs.js';

/** `passing` names the instance that is made where no agent counts; `files` is given where no kernel is behind them. */
export function createOnlooker(
  options: HistOptions,
  passing: Pick<PassingOptions, 'command' | 'pid'>,
  files?: TracefsFiles,
): Source {
  return new Onlooker(options, passing, new Tracefs(files, HIST.withoutEvents));
}

/** What is read, and since when it counts. */
interface Counting {
  directory: string;
  kind: HistKind;
  madeNs: bigint;
}

class Onlooker implements Source {
  readonly name = 'hist';
  #host: LiveHost | undefined;
  #own: (Counting & { instance: PassingInstance }) | undefined;

  constructor(
    private readonly options: HistOptions,
    private readonly passing: Pick<PassingOptions, 'command' | 'pid'>,
    private readonly tracefs: Tracefs,
  ) {}

  async open(): Promise<void> {
    const host = await LiveHost.open(this.options, this.name);
    await refuseIfBlind(this.options.root);
    this.#host = host;
  }

  async next(): Promise<Reading | undefined> {
    const host = this.#host;
    if (!host) return undefined;
    const counting = await this.#counting(host);
    const clock = await host.clock();
    const { cells, accounts } = await readCounts(this.tracefs, counting);
    const epoch = deriveId(host.facts.bootId, 'hist', counting.madeNs);
    return host.reading(clock, { cells, accounts, problems: [], epoch, epochBeganNs: counting.madeNs });
  }

  async close(): Promise<void> {
    await this.#own?.instance.remove();
    this.#own = undefined;
    this.#host = undefined;
  }

  /** Once it counts itself it goes on so, though an agent should start. */
  async #counting(host: LiveHost): Promise<Counting> {
    if (this.#own) return this.#own;
    const { tracefs } = this;
    const { root, hist } = this.options;
    const newest = await newestInstance(tracefs, root, HIST_KINDS);
    if (newest) return newest;
    const instance = await openPassing({ tracefs, root, size: hist.size, ...this.passing });
    const { uptimeNs: madeNs } = await host.clock();
    this.#own = { instance, directory: instance.directory, kind: HIST, madeNs };
    return this.#own;
  }
}
