/** TceDuplicateIdentity: several agents speak under the key of one host. Pure. */
import { deriveId } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import type { Newest } from '../hosts/boots.js';
import { SLOT_NS, addRun, claimants } from '../hosts/agent-runs.js';
import type { HostRun } from '../hosts/agent-runs.js';
import { aboutHost, resolve } from './event.js';
import type { AlertEvent } from './event.js';
import { duplicateCause } from './causes/index.js';
import type { Policy } from './policy.js';

export interface RunState {
  /** Runs of the last ten to twenty minutes. */
  runs: readonly HostRun[];
  /** Time since when runs are known, on the host's clock; null before the first batch. */
  sinceNs: bigint | null;
  alert: AlertEvent | null;
}

export const NO_RUNS: RunState = { runs: [], sinceNs: null, alert: null };

/** Goes on with one more batch. Late ones count too: each claimant is late for the other. */
export function observeRuns(
  state: RunState,
  batch: Batch,
  newest: Newest,
  policy: Policy,
): { state: RunState; events: AlertEvent[] } {
  const { clock, host } = batch;
  const { alert } = state;
  const sinceNs = state.sinceNs ?? newest.wallNs;
  // HostWatch adds them up as well and cannot lend its own: after a restart those begin with what the store has of every
  // collector, so an alert would fire or end by batches that this detector has not seen; here they begin with none.
  const known = { runs: addRun(state.runs, batch, clock.wallNs, newest), sinceNs };
  const claiming = claimants(known.runs);
  const isWanted = policy.rulesOf(host.name).enabled;
  if (alert) {
    // After a restart it takes a while to see again who claims the key.
    const mayClaim = claiming.length > 0 || newest.wallNs - sinceNs < 2n * SLOT_NS;
    if (isWanted && mayClaim) return { state: { ...known, alert }, events: [] };
    return { state: { ...known, alert: null }, events: [resolve(alert, clock.wallNs)] };
  }
  if (!isWanted || claiming.length === 0 || policy.isMaintained(clock.wallNs, host.name)) {
    return { state: { ...known, alert }, events: [] };
  }
  const fired = aboutHost({
    alertId: deriveId('TceDuplicateIdentity', host.id, clock.wallNs),
    alert: 'TceDuplicateIdentity',
    hostId: host.id,
    hostName: host.name,
    atNs: clock.wallNs,
    ...duplicateCause(claiming),
  });
  return { state: { ...known, alert: fired }, events: [fired] };
}
