/**
 * The source `ring`: every call as an event, read from the buffers of two private tracefs instances and counted here. For
 * kernels without hist triggers, and where the LIOBN of each punt is asked for. What a buffer lost before it was read is
 * declared, to the call.
 *
 * The instances are left there when the source is closed, for the next agent to go on with, in the same epoch. What an agent
 * that was killed had left unread is counted then, and what it had read and not reported is declared.
 */
import { deriveId } from '@tcewatch/protocol';
import { SourceError } from '../../model.js';
import type { Reading, Source, Told } from '../../model.js';
import { RingError } from './decode/error.js';
import { HIST } from '../hist/instance.js';
import { LiveHost } from '../live-host.js';
import { refuseIfBlind } from '../preflight.js';
import type { SourceOptions } from '../options.js';
import { RingCounting } from './counting.js';
import type { RingOptions } from './counting.js';
import { ringPlace } from './instance.js';
import type { InstanceKind } from '../../tracefs/instances.js';
import { Tracefs } from '../../tracefs/tracefs.js';

/**
 * `kind` names instances and events: those of the histograms, but for tests. Throws SourceError `ring-without-settings`
 * when the options have none for it.
 */
export function createRing(options: SourceOptions, kind: InstanceKind = HIST): Source {
  if (!options.ring)
    throw new SourceError('ring-without-settings', 'the source ring needs to know the size of its buffers');
  return new Ring(options, options.ring, kind, new Tracefs(undefined, kind.withoutEvents));
}

class Ring implements Source {
  readonly name = 'ring';
  #opened: { host: LiveHost; counting: RingCounting } | undefined;

  constructor(
    private readonly options: SourceOptions,
    private readonly settings: RingOptions,
    private readonly kind: InstanceKind,
    private readonly tracefs: Tracefs,
  ) {}

  async open(told?: Told): Promise<void> {
    const { tracefs, kind, settings } = this;
    const { root } = this.options;
    const host = await LiveHost.open(this.options, this.name);
    await refuseIfBlind(root);
    const { uptimeNs } = await host.clock();
    const place = await ringPlace(tracefs, root, kind);
    const isTold = (madeNs: bigint) => epochOf(host, madeNs, told?.beganNs ?? madeNs) === told?.epoch;
    try {
      this.#opened = { host, counting: await RingCounting.open(place, settings, uptimeNs, told, isTold) };
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      const message = `the events of this kernel cannot be decoded: ${error.message}`;
      throw new SourceError('ring-undecodable', message, { cause: error });
    }
  }

  async next(isLast = false): Promise<Reading | undefined> {
    if (!this.#opened) return undefined;
    const { host, counting } = this.#opened;
    const { madeNs } = counting;
    const clock = await host.clock();
    const { beganNs, handover, ...counted } = await counting.count(clock.uptimeNs, isLast);
    const sighted = await host.sight(clock);
    counting.look(counted.cells, sighted.vms);
    const epoch = epochOf(host, madeNs, beganNs);
    const next = handover && { ...handover, epoch: epochOf(host, madeNs, clock.uptimeNs) };
    return host.reading(clock, { ...counted, epoch, epochBeganNs: beganNs, ...(next && { handover: next }) }, sighted);
  }

  async close(): Promise<void> {
    const { counting } = this.#opened ?? {};
    this.#opened = undefined;
    await counting?.close();
  }
}

/** The instances bear the name of when they were made for as long as the kernel writes into them. */
function epochOf({ facts }: LiveHost, madeNs: bigint, beganNs: bigint): string {
  return deriveId(facts.bootId, 'ring', madeNs, beganNs);
}
