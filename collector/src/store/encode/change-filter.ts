/**
 * What ClickHouse is known to have, so that a counter that did not change costs no row. Only a saving: forgetting any of
 * it makes rows be sent again, which changes no result.
 *
 * Bounded by what the newest batch of each host tells: other lives and epochs are dropped, and hosts beyond the limit,
 * longest silent first. Each UTC day begins anew, so every day holds a full set and rows of older days may expire. Values
 * do so each hour: what a counter was at some instant is found within the hour before (select/recent.ts).
 */
import type { Batch } from '@tcewatch/protocol';
import { MAX_HOSTS, hostCache } from '../../hosts/host-cache.js';
import type { SeriesLayout } from './series-layout.js';

/** State of one life of a VM in ClickHouse. */
export interface WrittenLife {
  /** The row of `vms`, and the row of `vm_facts` less the time, as text. */
  identity: string | undefined;
  facts: string | undefined;
  /** Last figures of its latencies, in the order of their encoder; undefined until some were told. */
  latencies: Float64Array | undefined;
}

/** State of one host in ClickHouse, in one epoch and on one day. */
export interface WrittenHost {
  epoch: string;
  day: bigint;
  /** Hour that the values are of. */
  hour: bigint;
  uptimeNs: bigint;
  accounts: string;
  lives: Map<string, WrittenLife>;
  /** Layout of its series; undefined until some were told. */
  layout: SeriesLayout | undefined;
}

const HOUR_NS = 3_600_000_000_000n;
const DAY_NS = 24n * HOUR_NS;

/**
 * Filter of what ClickHouse has. It must not be used for a batch before the rows of the one before were acknowledged or
 * their host was forgotten.
 */
export class ChangeFilter {
  readonly #hosts;

  /** Remembers `maxHosts` hosts at most. */
  constructor(maxHosts = MAX_HOSTS) {
    this.#hosts = hostCache<WrittenHost>({ max: maxHosts });
  }

  /**
   * What to compare the batch with and to write its values into; undefined for a batch older than the newest one: it is
   * stored whole, for what it tells of its own time.
   */
  recall(batch: Batch): WrittenHost | undefined {
    const { id } = batch.host;
    const { wallNs } = batch.clock;
    const [day, hour] = [wallNs / DAY_NS, wallNs / HOUR_NS];
    let host = this.#hosts.get(id);
    if (host?.epoch === batch.epoch && batch.clock.uptimeNs < host.uptimeNs) return undefined;
    if (host?.epoch !== batch.epoch || host.day !== day) {
      host = { epoch: batch.epoch, day, hour, uptimeNs: 0n, accounts: '', lives: new Map(), layout: undefined };
    } else if (host.hour !== hour) {
      // Another object, since batches of both hours may be of one group: then each hour has its own values.
      host = { ...host, hour, layout: undefined };
    }
    host.uptimeNs = batch.clock.uptimeNs;
    this.#keepLives(host, batch);
    this.#hosts.set(id, host);
    return host;
  }

  /** Forgets these hosts after an insert that failed. */
  forget(batches: readonly Batch[]): void {
    for (const batch of batches) this.#hosts.delete(batch.host.id);
  }

  /** Keeps the lives that the batch tells of, and no others. */
  #keepLives(host: WrittenHost, batch: Batch): void {
    const lives = new Map<string, WrittenLife>();
    for (const { life } of batch.vms) {
      lives.set(life, host.lives.get(life) ?? { identity: undefined, facts: undefined, latencies: undefined });
    }
    host.lives = lives;
  }
}
