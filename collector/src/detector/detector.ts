/** The detector: one state for each host, and what is counted of them. */
import type { Batch } from '@tcewatch/protocol';
import type { AlertEvent } from '../model.js';
import { observe, restoreHost } from './host.js';
import type { HostState } from './host.js';
import { resolve } from './life.js';
import type { Rules } from './rules.js';

/** Hosts are named by their senders: past this number the one that was silent longest is forgotten. */
const MAX_HOSTS = 50_000;

export interface Detector {
  /** The events that one more batch makes. */
  observe(batch: Batch): AlertEvent[];
  /** Goes on from the newest events of the alerts that were firing, before the first batch. */
  restore(firing: readonly AlertEvent[]): void;
  /** VMs that are looked at, and those of them with a firing alert. */
  size(): { hosts: number; lives: number; firing: number };
}

export function createDetector(rules: Readonly<Rules>, maxHosts = MAX_HOSTS): Detector {
  // In the order in which hosts were last heard of.
  const hosts = new Map<string, HostState>();

  function forgetSilent(wallNs: bigint): AlertEvent[] {
    const [silent] = hosts;
    if (hosts.size <= maxHosts || !silent) return [];
    hosts.delete(silent[0]);
    return firingOf(silent[1]).map((alert) => resolve(alert, wallNs));
  }

  return {
    observe(batch) {
      const { state, events } = observe(hosts.get(batch.host.id), batch, rules);
      hosts.delete(batch.host.id);
      hosts.set(batch.host.id, state);
      return [...events, ...forgetSilent(batch.clock.wallNs)];
    },
    restore(firing) {
      for (const host of new Set(firing.map(({ hostId }) => hostId))) {
        hosts.set(host, restoreHost(firing.filter(({ hostId }) => hostId === host)));
      }
    },
    size() {
      const states = [...hosts.values()];
      return {
        hosts: states.length,
        lives: states.reduce((sum, { lives }) => sum + lives.size, 0),
        firing: states.reduce((sum, state) => sum + firingOf(state).length, 0),
      };
    },
  };
}

function firingOf({ lives }: HostState): AlertEvent[] {
  return [...lives.values()].flatMap(({ episode }) => episode?.alert ?? []);
}
