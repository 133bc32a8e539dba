/**
 * The source `ring`: every call as an event, read from the buffers of two private tracefs instances and counted here. For
 * kernels without hist triggers, and where the LIOBN of each punt is asked for. What a buffer lost before it was read is
 * declared, to the call.
 *
 * An epoch is one life of the agent, since nothing counts while nobody reads. What an agent that was killed left unread is
 * counted first; what it had read and not delivered is in no count, and that is said.
 */
import { deriveId } from '@tcewatch/protocol';
import { SourceError } from '../model.js';
import type { Reading, Source } from '../model.js';
import { RingError } from '../ring/error.js';
import { HIST } from './hist-instance.js';
import { LiveHost } from './live-host.js';
import { refuseIfBlind } from './obstacles.js';
import type { SourceOptions } from './options.js';
import { RingCounts, accountsOf } from './ring-counts.js';
import type { RingTally } from './ring-counts.js';
import { checkRing, makeRing, readFormats, ringsLeft, stopRing } from './ring-instance.js';
import type { RingInstance } from './ring-instance.js';
import { RingReader } from './ring-reader.js';
import type { RingReaderOptions } from './ring-reader.js';
import { findTracefs } from './tracefs.js';
import type { InstanceKind } from './tracefs.js';
import { Tracefs } from './tracefs-files.js';

const KILLED =
  'an agent before this one was killed: what it had left unread is counted here, but what it had read since its last ' +
  'delivered batch is lost; what its buffers had lost is declared here, even if it had declared some of it itself';

/**
 * `kind` names instances and events: those of the histograms, but for tests. Throws SourceError `ring-without-settings`
 * when the options have none for it.
 */
export function createRing(options: SourceOptions, kind: InstanceKind = HIST): Source {
  if (!options.ring)
    throw new SourceError('ring-without-settings', 'the source ring needs to know the size of its buffers');
  return new Ring(options, options.ring, kind, new Tracefs(undefined, kind.withoutEvents));
}

interface OpenRing {
  host: LiveHost;
  openedNs: bigint;
  counts: RingCounts;
  ring: readonly RingInstance[];
  reader: RingReader;
  /** Of rings that were left by others, and what is to be said of them. */
  left: { tallies: RingTally[]; problems: string[] };
}

class Ring implements Source {
  readonly name = 'ring';
  #open: OpenRing | undefined;

  constructor(
    private readonly options: SourceOptions,
    private readonly settings: RingReaderOptions,
    private readonly kind: InstanceKind,
    private readonly tracefs: Tracefs,
  ) {}

  /** Of its instances, which bear the uptime at which they were made besides. */
  get #prefix(): string {
    return `${this.kind.prefix}-ring`;
  }

  async open(): Promise<void> {
    const {
      options: { root },
      settings,
      tracefs,
    } = this;
    const host = await LiveHost.open(this.options, this.name);
    await refuseIfBlind(root);
    const { uptimeNs: openedNs } = await host.clock();
    const tracing = await findTracefs(root, tracefs);
    try {
      const counts = new RingCounts(await readFormats(tracefs, tracing, this.kind), 'punts');
      const left = await this.#countLeft(tracing, counts);
      const ring = await makeRing(tracefs, tracing, `${this.#prefix}-${openedNs}`, settings, this.kind);
      // Calls in between were counted by nobody.
      counts.gap(settings.monotonicNs());
      const reader = await RingReader.open(ring, counts, settings);
      reader.start();
      this.#open = { host, openedNs, counts, ring, reader, left };
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      const message = `the events of this kernel cannot be decoded: ${error.message}`;
      throw new SourceError('ring-undecodable', message, { cause: error });
    }
  }

  async next(): Promise<Reading | undefined> {
    const open = this.#open;
    if (!open) return undefined;
    const { host, openedNs, counts, ring, reader, left } = open;
    await checkRing(this.tracefs, ring);
    const { cells, tallies } = await reader.read();
    return host.reading(await host.clock(), {
      epoch: deriveId(host.facts.bootId, 'ring', openedNs),
      epochBeganNs: openedNs,
      cells,
      accounts: accountsOf([...left.tallies, ...tallies]),
      problems: [...left.problems, ...counts.problems],
    });
  }

  async close(): Promise<void> {
    await this.#open?.reader.close();
    this.#open = undefined;
  }

  /** Counts what agents that were killed left unread, and removes their rings. */
  async #countLeft(tracing: string, counts: RingCounts): Promise<OpenRing['left']> {
    const rings = await ringsLeft(this.tracefs, tracing, this.#prefix, this.kind);
    const left: OpenRing['left'] = { tallies: [], problems: rings.length > 0 ? [KILLED] : [] };
    for (const ring of rings) {
      await stopRing(this.tracefs, ring);
      const reader = await RingReader.open(ring, counts, this.settings);
      left.tallies.push(...(await reader.finish()));
      left.problems.push(...(await reader.close()));
    }
    return left;
  }
}
