/**
 * Health of each host by what this collector has heard of it, for metrics: they must tell silence even when ClickHouse
 * is gone.
 */
import { groupBy } from '@tcewatch/common';
import type { Batch } from '@tcewatch/protocol';
import { MAX_HOSTS, hostCache, silentFirst } from './host-cache.js';
import { isNewer, newestOf } from './boots.js';
import type { Newest } from './boots.js';
import { addRun, claimants, clockAheadNs } from './agent-runs.js';
import type { HostRun } from './agent-runs.js';

/** One host, at the time of asking. */
export interface HostHealth {
  hostId: string;
  /** When it was last read, on its own clock. */
  readAtNs: bigint;
  /** Time since it was last read, by the collector's clock where the host's is ahead. */
  ageNs: bigint;
  /** See {@link clockAheadNs}. */
  clockAheadNs: bigint | null;
  /** Runs that claim its key at the same time; 0 where there is one alone. */
  claimants: number;
}

interface Watched {
  newest: Newest;
  /** Runs of the last ten to twenty minutes. */
  runs: readonly HostRun[];
}

export class HostWatch {
  readonly #hosts;

  /** Remembers `maxHosts` hosts at most. */
  constructor(maxHosts = MAX_HOSTS) {
    this.#hosts = hostCache<Watched>({ max: maxHosts });
  }

  /**
   * Goes on from what the store knows, before the first batch. A host whose clock was ahead was not read later than now:
   * else a clock that has been set back since would pass for silence.
   */
  restore(lastRead: readonly { hostId: string; readAtNs: bigint }[], runs: readonly HostRun[], nowNs: bigint): void {
    const runsOf = groupBy(runs, ({ hostId }) => hostId);
    for (const { hostId, readAtNs } of lastRead) {
      const wallNs = readAtNs < nowNs ? readAtNs : nowNs;
      this.#hosts.set(hostId, { newest: { last: null, wallNs, boots: [] }, runs: runsOf.get(hostId) ?? [] });
    }
  }

  /** Batches that are stored, and when they came. */
  observe(batches: readonly Batch[], receivedNs: bigint): void {
    for (const batch of batches) {
      const known = this.#hosts.get(batch.host.id);
      const newest = known && !isNewer(known.newest, batch) ? known.newest : newestOf(known?.newest, batch);
      this.#hosts.set(batch.host.id, { newest, runs: addRun(known?.runs ?? [], batch, receivedNs, newest) });
    }
  }

  /** Every host that is remembered. */
  health(nowNs: bigint): HostHealth[] {
    return silentFirst(this.#hosts).map(([hostId, { newest, runs }]) => {
      const ahead = clockAheadNs(runs);
      return {
        hostId,
        readAtNs: newest.wallNs,
        ageNs: nowNs - newest.wallNs + (ahead !== null && ahead > 0n ? ahead : 0n),
        clockAheadNs: ahead,
        claimants: claimants(runs).length,
      };
    });
  }
}
