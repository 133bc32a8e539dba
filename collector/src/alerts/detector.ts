/** The detector: one state for each host, and what is counted of them. */
import { groupBy } from '@tcewatch/common';
import type { Batch } from '@tcewatch/protocol';
import type { AlertEvent } from './event.js';
import { hostCache, silentFirst } from '../hosts/host-cache.js';
import { Host } from './host.js';
import { createPolicy } from './policy.js';
import type { Policy } from './policy.js';
import { DEFAULT_RULES } from './rules.js';

/** Hosts and lives of VMs that are watched, together: past this number the hosts that were silent longest are forgotten. */
const MAX_WATCHED = 500_000;

export interface Detector {
  /** The events that one more batch makes. */
  observe(batch: Batch): AlertEvent[];
  /**
   * Goes on from the newest events of the alerts that are firing, of hosts that are not watched yet: before the first
   * batch, and again when hosts come that another collector watched. Silence is not its business.
   */
  restore(firing: readonly AlertEvent[]): void;
  /** Another collector watches these hosts from now on. */
  forget(hosts: Iterable<string>): void;
  /** The host was removed: the events that end its alerts. */
  remove(host: string): AlertEvent[];
  /**
   * The newest events of what fires: as this detector knows it of the hosts that it has heard of, of the others as
   * `stored`, since another collector may watch them; silence, which is not its business, always as stored.
   */
  firing(stored: readonly AlertEvent[]): AlertEvent[];
  /** VMs that are looked at, and alerts that fire of hosts that were heard of: each host is heard of by one collector. */
  size(): { hosts: number; lives: number; firing: number };
}

export function createDetector(policy: Policy = createPolicy(DEFAULT_RULES), maxWatched = MAX_WATCHED): Detector {
  let evicted: AlertEvent[] = [];
  const hosts = hostCache<Host>({
    maxSize: maxWatched,
    sizeCalculation: ({ lives }) => 1 + lives,
    dispose: (host, _, reason) => {
      if (reason === 'evict') evicted.push(...host.end());
    },
  });

  /** The host as the last that was heard of, counted anew; the events that end the alerts of those that made room. */
  function keep(id: string, host: Host): AlertEvent[] {
    evicted = [];
    hosts.delete(id);
    hosts.set(id, host);
    return evicted;
  }

  return {
    observe(batch) {
      const host = hosts.peek(batch.host.id) ?? new Host();
      const events = host.observe(batch, policy);
      const ended = keep(batch.host.id, host);
      return ended.length > 0 ? [...events, ...ended] : events;
    },
    restore(firing) {
      // What was restored before and never heard of may have gone on elsewhere.
      for (const [id, { isHeard }] of silentFirst(hosts)) if (!isHeard) hosts.delete(id);
      const own = firing.filter(({ alert, hostId }) => alert !== 'TceTelemetrySilent' && !hosts.has(hostId));
      for (const [id, alerts] of groupBy(own, ({ hostId }) => hostId)) keep(id, Host.restore(alerts));
    },
    forget(gone) {
      for (const id of gone) hosts.delete(id);
    },
    remove(id) {
      const events = hosts.peek(id)?.end() ?? [];
      hosts.delete(id);
      return events;
    },
    firing(stored) {
      const own = silentFirst(hosts).flatMap(([, host]) => (host.isHeard ? host.firing() : []));
      const isElsewhere = (id: string): boolean => hosts.peek(id)?.isHeard !== true;
      return [...own, ...stored.filter(({ alert, hostId }) => alert === 'TceTelemetrySilent' || isElsewhere(hostId))];
    },
    size() {
      const all = silentFirst(hosts).map(([, host]) => host);
      return {
        hosts: hosts.size,
        lives: all.reduce((sum, { lives }) => sum + lives, 0),
        firing: all.reduce((sum, host) => sum + (host.isHeard ? host.firing().length : 0), 0),
      };
    },
  };
}
