/**
 * One host through its batches. Pure: a state and a batch give the next state and the events. What comes late or twice
 * changes nothing, since only a batch that is newer than the last can say how much was added.
 */
import { UNATTRIBUTED_LIFE } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { isNewer, newestOf } from '../hosts/newest.js';
import type { Newest } from '../hosts/newest.js';
import type { AlertEvent } from '../model.js';
import { NOTHING_SEEN } from './descriptors.js';
import { newEpisode } from './episode.js';
import { NO_LOSSES, observeLosses } from './incomplete.js';
import type { LossState } from './incomplete.js';
import { observeRuns } from './duplicate.js';
import type { RunState } from './duplicate.js';
import { observeLife, resolve } from './life.js';
import type { LifeState } from './life.js';
import type { Policy } from './policy.js';
import { NO_CALLS, tally } from './tally.js';

/** `last` is null when the state was restored, and no batch has been seen since. */
export interface HostState extends Newest {
  /** Of the batch that was compared last. */
  epoch: string;
  lives: ReadonlyMap<string, LifeState>;
  losses: LossState;
  runs: RunState;
}

/** The state after one more batch, and the events that it makes. */
export function observe(
  state: HostState | undefined,
  batch: Batch,
  policy: Policy,
): { state: HostState; events: AlertEvent[] } {
  const newest = state && !isNewer(state, batch) ? state : newestOf(state, batch);
  const runs = observeRuns(state?.runs, batch, newest, policy);
  if (newest === state) return { state: { ...state, runs: runs.state }, events: runs.events };
  const { bootId, epoch, clock } = batch;
  const last = state?.last?.bootId === bootId && state.epoch === epoch ? state.last : null;
  const ns = last ? clock.uptimeNs - last.uptimeNs : 0n;
  const lives = observeLives(state, batch, last ? ns : null, policy);
  const losses = observeLosses(state?.losses ?? NO_LOSSES, batch, last ? ns : null, policy);
  return {
    state: { ...newest, epoch, lives: lives.lives, losses: losses.state, runs: runs.state },
    events: [...runs.events, ...losses.events, ...lives.events],
  };
}

/** `ns` is null where the counts can only be the next base. */
function observeLives(state: HostState | undefined, batch: Batch, ns: bigint | null, policy: Policy) {
  const counts = tally(batch);
  const lives = new Map<string, LifeState>();
  const events: AlertEvent[] = [];
  batch.vms.forEach((vm, i) => {
    if (vm.life === UNATTRIBUTED_LIFE || vm.ended || lives.has(vm.life)) return;
    const known = state?.lives.get(vm.life);
    // A VM that the batch before did not have has made all its calls since then.
    const before = ns === null ? null : (known?.tally ?? NO_CALLS);
    const observed = observeLife(known, vm, batch, { before, after: counts[i] ?? NO_CALLS, ns: ns ?? 0n }, policy);
    lives.set(vm.life, observed.state);
    if (observed.event) events.push(observed.event);
  });
  // A life that has ended, or that its host does not know any more, ends its alert.
  for (const [life, { episode }] of state?.lives ?? []) {
    if (episode?.alert && !lives.has(life)) events.push(resolve(episode.alert, batch.clock.wallNs));
  }
  return { lives, events };
}

/** The state of a host from the newest events of its alerts that fire. */
export function restoreHost(firing: readonly AlertEvent[]): HostState {
  const lives = new Map(firing.flatMap((alert) => restoreLife(alert)));
  const wallNs = firing.reduce((newest, { atNs }) => (atNs > newest ? atNs : newest), 0n);
  const of = (name: AlertEvent['alert']): AlertEvent | null => firing.find(({ alert }) => alert === name) ?? null;
  return {
    last: null,
    wallNs,
    boots: [],
    epoch: '',
    lives,
    losses: { ...NO_LOSSES, alert: of('TceCountsIncomplete') },
    runs: { runs: [], alert: of('TceDuplicateIdentity') },
  };
}

/** Alerts of a host that fire. */
export function firingOf({ lives, losses, runs }: HostState): AlertEvent[] {
  const ofVms = [...lives.values()].map(({ episode }) => episode?.alert ?? null);
  return [...ofVms, losses.alert, runs.alert].filter((alert) => alert !== null);
}

function restoreLife(alert: AlertEvent): [string, LifeState][] {
  const { calls, before, after } = alert.evidence;
  if (!alert.vm || !calls) return [];
  const lastedNs = BigInt(Math.round(calls.seconds * 1e9));
  const episode = {
    ...newEpisode({ ...NOTHING_SEEN, newest: before }),
    hypercalls: calls.hypercalls,
    lastedNs,
    heldNs: lastedNs,
    trips: NaN,
    lostUs: NaN,
    alert,
  };
  const seen = { newest: after, earlier: before, observedNs: null };
  const handled = alert.alert === 'TceAccelerationLost';
  return [[alert.vm.life, { tally: NO_CALLS, seen, handled, episode }]];
}
