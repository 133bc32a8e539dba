/** The detector: one state for each host, and what is counted of them. */
import type { Batch } from '@tcewatch/protocol';
import type { AlertEvent } from './event.js';
import { Host } from './host.js';
import { createPolicy } from './policy.js';
import type { Policy } from './policy.js';
import { DEFAULT_RULES } from './rules.js';

/**
 * Hosts and lives that are watched, together. Both are named by senders: past this number the hosts that were silent
 * longest are forgotten.
 */
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
  // In the order in which hosts were last heard of.
  const hosts = new Map<string, Host>();
  let watched = 0;

  function forget(id: string): Host | undefined {
    const host = hosts.get(id);
    if (host) watched -= 1 + host.lives;
    hosts.delete(id);
    return host;
  }

  function remember(id: string, host: Host): void {
    hosts.set(id, host);
    watched += 1 + host.lives;
  }

  function remove(id: string): AlertEvent[] {
    return forget(id)?.end() ?? [];
  }

  function forgetSilent(): AlertEvent[] {
    const events: AlertEvent[] = [];
    for (const host of hosts.keys()) {
      if (watched <= maxWatched || hosts.size === 1) break;
      events.push(...remove(host));
    }
    return events;
  }

  return {
    observe(batch) {
      const host = forget(batch.host.id) ?? new Host();
      const events = host.observe(batch, policy);
      remember(batch.host.id, host);
      return watched > maxWatched ? [...events, ...forgetSilent()] : events;
    },
    restore(firing) {
      // What was restored before and never heard of may have gone on elsewhere.
      for (const [id, { isHeard }] of hosts) if (!isHeard) forget(id);
      const own = firing.filter(({ alert, hostId }) => alert !== 'TceTelemetrySilent' && !hosts.has(hostId));
      const byHost = new Map<string, AlertEvent[]>();
      for (const alert of own) byHost.set(alert.hostId, [...(byHost.get(alert.hostId) ?? []), alert]);
      for (const [id, alerts] of byHost) remember(id, Host.restore(alerts));
    },
    forget(gone) {
      for (const id of gone) forget(id);
    },
    remove,
    firing(stored) {
      const own = [...hosts.values()].flatMap((host) => (host.isHeard ? host.firing() : []));
      const isElsewhere = (id: string): boolean => hosts.get(id)?.isHeard !== true;
      return [...own, ...stored.filter(({ alert, hostId }) => alert === 'TceTelemetrySilent' || isElsewhere(hostId))];
    },
    size() {
      const all = [...hosts.values()];
      return {
        hosts: hosts.size,
        lives: all.reduce((sum, { lives }) => sum + lives, 0),
        firing: all.reduce((sum, host) => sum + (host.isHeard ? host.firing().length : 0), 0),
      };
    },
  };
}
