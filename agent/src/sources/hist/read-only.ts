/**
 * A source for who only watches while an agent counts: reads the newest pair of histograms of an agent and changes
 * nothing. Where no agent counts, it counts itself, in an instance that it removes when it is closed.
 */
import { deriveId } from '@tcewatch/protocol';
import type { Reading, Source } from '../../model.js';
import { HIST, HIST_SPECS } from './instance.js';
import type { HistSpec } from './instance.js';
import { readCounts } from './handover-reader.js';
import { LiveHost } from '../live-host.js';
import { assertCanTrace } from '../preflight.js';
import type { HistOptions } from './source.js';
import { openTemporaryInstance } from './temporary-instance.js';
import type { TemporaryInstance, TemporaryOptions } from './temporary-instance.js';
import { newestInstance } from '../../tracefs/instances.js';
import { Tracefs } from '../../tracefs/tracefs.js';
import type { TracefsFiles } from '../../tracefs/tracefs.js';

/**
 * Creates the source. `passing` names the instance that is made where no agent counts; `files` is given where no kernel
 * is behind them.
 */
export function createReadOnlyHist(
  options: HistOptions,
  passing: Pick<TemporaryOptions, 'command' | 'pid'>,
  files?: TracefsFiles,
): Source {
  return new ReadOnlyHistSource(options, passing, new Tracefs(files, HIST.withoutEvents));
}

/** An instance that is read, and since when it counts. */
interface CountedInstance {
  directory: string;
  kind: HistSpec;
  madeNs: bigint;
}

class ReadOnlyHistSource implements Source {
  readonly name = 'hist';
  #host: LiveHost | undefined;
  #own: (CountedInstance & { instance: TemporaryInstance }) | undefined;

  constructor(
    private readonly options: HistOptions,
    private readonly passing: Pick<TemporaryOptions, 'command' | 'pid'>,
    private readonly tracefs: Tracefs,
  ) {}

  async open(): Promise<void> {
    const host = await LiveHost.open(this.options, this.name);
    await assertCanTrace(this.options.root);
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

  /** Finds what to read. Once it counts itself it goes on so, though an agent should start. */
  async #counting(host: LiveHost): Promise<CountedInstance> {
    if (this.#own) return this.#own;
    const { tracefs } = this;
    const { root, hist } = this.options;
    const newest = await newestInstance(tracefs, root, HIST_SPECS);
    if (newest) return newest;
    const instance = await openTemporaryInstance({ tracefs, root, size: hist.size, ...this.passing });
    const { uptimeNs: madeNs } = await host.clock();
    this.#own = { instance, directory: instance.directory, kind: HIST, madeNs };
    return this.#own;
  }
}
