/** The detector: one state for each host, and what is counted of them. */
import type { Batch } from '@tcewatch/protocol';
import type { AlertEvent } from '../model.js';
import { firingOf, observe, restoreHost } from './host.js';
import type { HostState } from './host.js';
import { resolve } from './life.js';
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
  const hosts = new Map<string, HostState>();
  let watched = 0;

  function forget(host: string): HostState | undefined {
    const state = hosts.get(host);
    if (state) watched -= 1 + state.lives.size;
    hosts.delete(host);
    return state;
  }

  function remember(host: string, state: HostState): void {
    forget(host);
    hosts.set(host, state);
    watched += 1 + state.lives.size;
  }

  function remove(host: string): AlertEvent[] {
    const state = forget(host);
    return state ? firingOf(state).map((alert) => resolve(alert, state.wallNs)) : [];
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
      const { state, events } = observe(hosts.get(batch.host.id), batch, policy);
      remember(batch.host.id, state);
      return [...events, ...forgetSilent()];
    },
    restore(firing) {
      // What was restored before and never heard of may have gone on elsewhere.
      for (const [host, { last }] of hosts) if (last === null) forget(host);
      const own = firing.filter(({ alert, hostId }) => alert !== 'TceTelemetrySilent' && !hosts.has(hostId));
      const byHost = new Map<string, AlertEvent[]>();
      for (const alert of own) byHost.set(alert.hostId, [...(byHost.get(alert.hostId) ?? []), alert]);
      for (const [host, alerts] of byHost) remember(host, restoreHost(alerts));
    },
    forget(gone) {
      for (const host of gone) forget(host);
    },
    remove,
    firing(stored) {
      const heard = (host: string): boolean => (hosts.get(host)?.last ?? null) !== null;
      const own = [...hosts].flatMap(([host, state]) => (heard(host) ? firingOf(state) : []));
      return [...own, ...stored.filter(({ alert, hostId }) => alert === 'TceTelemetrySilent' || !heard(hostId))];
    },
    size() {
      const states = [...hosts.values()];
      const heard = states.filter(({ last }) => last !== null);
      return {
        hosts: hosts.size,
        lives: states.reduce((sum, { lives }) => sum + lives.size, 0),
        firing: heard.reduce((sum, state) => sum + firingOf(state).length, 0),
      };
    },
  };
}
