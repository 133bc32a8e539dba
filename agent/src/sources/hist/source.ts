/**
 * The source `hist`: two histograms that the kernel keeps in a private tracefs instance. They are left there when the
 * source is closed, for the next agent to go on with.
 */
import { deriveId } from '@tcewatch/protocol';
import type { Reading, Source } from '../../model.js';
import { Counting } from './counting.js';
import { HIST } from './instance.js';
import { LiveHost } from '../live-host.js';
import { refuseIfBlind } from '../preflight.js';
import { defineSource } from '../entry.js';
import type { SourceContext } from '../entry.js';
import { histSettings } from '../settings.js';
import type { HistSettings } from '../settings.js';
import { Tracefs } from '../../tracefs/tracefs.js';
import type { TracefsFiles } from '../../tracefs/tracefs.js';

export type HistOptions = SourceContext & { hist: HistSettings };

/** What counts by thread and hypercall needs of a host. */
const NEEDS = ['proc', 'tracefs', 'lockdown', 'kvm-hv', 'hist-triggers'] as const;

export const hist = defineSource({
  settings: { hist: histSettings },
  isLive: true,
  doctor: [
    { name: 'hist', gives: 'exact counts, kept by the kernel', needs: [...NEEDS, 'pid-namespace'] },
    {
      name: 'hist --detail',
      gives: 'the same, with the LIOBN of each punt and latency',
      needs: [...NEEDS, 'synthetic-events', 'pid-namespace'],
    },
  ],
  create: (options) => createHist(options),
});

/** `files` is given where no kernel is behind them. */
export function createHist(options: HistOptions, files?: TracefsFiles): Source {
  return new Hist(options, new Tracefs(files, HIST.withoutEvents));
}

class Hist implements Source {
  readonly name = 'hist';
  /** What `open` found, until `close`. */
  #opened: { host: LiveHost; counting: Counting } | undefined;

  constructor(
    private readonly options: HistOptions,
    private readonly tracefs: Tracefs,
  ) {}

  async open(knownEpoch?: string): Promise<void> {
    const { tracefs } = this;
    const { root, hist } = this.options;
    const host = await LiveHost.open(this.options, this.name);
    await refuseIfBlind(root);
    const { uptimeNs } = await host.clock();
    const isKnown = (madeNs: bigint) => epochOf(host, madeNs) === knownEpoch;
    const counting = await Counting.open({ tracefs, root, ...hist }, uptimeNs, isKnown);
    this.#opened = { host, counting };
  }

  async next(): Promise<Reading | undefined> {
    if (!this.#opened) return undefined;
    const { host, counting } = this.#opened;
    const clock = await host.clock();
    const { madeNs, cells, accounts, punts, latencies, handover, problems } = await counting.count(clock.uptimeNs);
    const sighted = await host.sight(clock);
    const changes = await counting.keepRoom(clock.uptimeNs, sighted.vms);
    const counted = {
      epoch: epochOf(host, madeNs),
      epochBeganNs: madeNs,
      cells: [...cells],
      accounts: [...accounts],
      punts: [...punts],
      ...(latencies && { latencies }),
      problems: [...problems, ...changes],
      ...(handover && {
        handover: {
          epoch: epochOf(host, handover.madeNs),
          cells: handover.cells,
          // Detail of the new one begins after this reading.
          ...(latencies && { latencies: [] }),
          seen: handover.seen,
        },
      }),
    };
    return host.reading(clock, counted, sighted);
  }

  async close(): Promise<void> {
    const { counting } = this.#opened ?? {};
    this.#opened = undefined;
    await counting?.close();
  }
}

/** The instance bears its name for as long as the kernel counts in it, and so does its epoch. */
function epochOf({ facts }: LiveHost, madeNs: bigint): string {
  return deriveId(facts.bootId, 'hist', madeNs);
}
