/**
 * The source `hist`: histograms that the kernel keeps for the agent, and goes on keeping while no agent runs.
 *
 * Layout below tracefs. `instances/tcewatch-UPTIME` is the plain instance: a hist trigger on `kvm_hcall_enter`, keyed by
 * thread, hypercall and LIOBN, and one on `kvm_hcall_exit` for calls that went to userspace, keyed by thread and hypercall
 * (instance.ts). Its name holds the uptime in nanoseconds at which it was made, so the epoch of its counts follows from the
 * name and the boot. With `hist.detail` there are `tcewatch-times-UPTIME` and `tcewatch-liobns-UPTIME` besides, and two
 * synthetic events, all with the uptime of the plain instance that they belong to (detail-instance.ts). Commands such as
 * `record` count in `tcewatch-COMMAND-PID` and remove it at the end (temporary-instance.ts).
 *
 * States of a plain instance:
 *
 *     made or adopted --> counting --> handing over --> leaving --> removed
 *                            ^             |
 *                            '-- failed ---'
 *
 * An instance is adopted when the ledger knows its epoch; every other one that is free is removed. It counts alone until
 * plan.ts calls for another one, because it fills up or a guest makes up LIOBNs. Then both count, until handover-reader.ts
 * knows how they compare (handover.ts): the reading that ends the epoch also says what the new one had counted by then. The
 * old one leaves, and is removed at the next reading, when the ledger has kept what it counted. An attempt that fails costs
 * nothing but a pause (RetryPolicy in plan.ts), and the old instance goes on.
 *
 * Writers and readers. The kernel alone writes counts. The agent holds a file of each of its instances open, by which the
 * kernel refuses to remove them; it makes, adopts and removes. `top` reads the newest instance of an agent and changes
 * nothing (read-only.ts). Exit is read before enter, latencies first and LIOBNs of punts last, so that no more
 * calls are punted than entered, nor timed than counted.
 */
import { deriveId } from '@tcewatch/protocol';
import type { Reading, Source } from '../../model.js';
import { HistCounter } from './counting.js';
import { HIST } from './instance.js';
import { LiveHost } from '../live-host.js';
import { assertCanTrace } from '../preflight.js';
import { defineSource } from '../entry.js';
import type { SourceContext } from '../entry.js';
import { histSettings } from '../settings.js';
import type { HistSettings } from '../settings.js';
import { Tracefs } from '../../tracefs/tracefs.js';
import type { TracefsFiles } from '../../tracefs/tracefs.js';

export type HistOptions = SourceContext & { hist: HistSettings };

/** Requirements of counting by thread and hypercall. */
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

/** Creates the source; `files` is given where no kernel is behind them. */
export function createHist(options: HistOptions, files?: TracefsFiles): Source {
  return new Hist(options, new Tracefs(files, HIST.withoutEvents));
}

class Hist implements Source {
  readonly name = 'hist';
  /** Host and counter from `open` until `close`. */
  #opened: { host: LiveHost; counting: HistCounter } | undefined;

  constructor(
    private readonly options: HistOptions,
    private readonly tracefs: Tracefs,
  ) {}

  async open(knownEpoch?: string): Promise<void> {
    const { tracefs } = this;
    const { root, hist } = this.options;
    const host = await LiveHost.open(this.options, this.name);
    await assertCanTrace(root);
    const { uptimeNs } = await host.clock();
    const isKnown = (madeNs: bigint) => epochOf(host, madeNs) === knownEpoch;
    const counting = await HistCounter.open({ tracefs, root, ...hist }, uptimeNs, isKnown);
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

/** Returns the epoch of an instance, which bears its name for as long as the kernel counts in it. */
function epochOf({ facts }: LiveHost, madeNs: bigint): string {
  return deriveId(facts.bootId, 'hist', madeNs);
}
