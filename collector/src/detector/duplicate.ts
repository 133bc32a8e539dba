/** TceDuplicateIdentity: several agents speak under the key of one host. Pure. */
import { deriveId } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import type { Newest } from '../hosts/newest.js';
import { addRun, claimants } from '../hosts/runs.js';
import type { HostRun } from '../hosts/runs.js';
import type { AlertEvent } from '../model.js';
import { duplicateCause } from './causes/index.js';
import { aboutHost } from './host-alert.js';
import { resolve } from './life.js';
import type { Policy } from './policy.js';

export interface RunState {
  /** Of the last ten to twenty minutes. */
  runs: readonly HostRun[];
  alert: AlertEvent | null;
}

/** Late batches count too: each claimant is late for the other. */
export function observeRuns(
  state: RunState | undefined,
  batch: Batch,
  newest: Newest,
  policy: Policy,
): { state: RunState; events: AlertEvent[] } {
  const { clock, host } = batch;
  const runs = addRun(state?.runs ?? [], batch, clock.wallNs, newest);
  const alert = state?.alert ?? null;
  const claiming = claimants(runs);
  const isWanted = policy.rulesOf(host.name).enabled;
  if (alert) {
    if (isWanted && claiming.length > 0) return { state: { runs, alert }, events: [] };
    return { state: { runs, alert: null }, events: [resolve(alert, clock.wallNs)] };
  }
  if (!isWanted || claiming.length === 0 || policy.isMaintained(clock.wallNs, host.name)) {
    return { state: { runs, alert }, events: [] };
  }
  const fired = aboutHost({
    alertId: deriveId('TceDuplicateIdentity', host.id, clock.wallNs),
    alert: 'TceDuplicateIdentity',
    hostId: host.id,
    hostName: host.name,
    atNs: clock.wallNs,
    ...duplicateCause(claiming),
  });
  return { state: { runs, alert: fired }, events: [fired] };
}
