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
import { observeLife, resolve } from './life.js';
import type { LifeState } from './life.js';
import type { Rules } from './rules.js';
import { NO_CALLS, tally } from './tally.js';

/** `last` is null when the state was restored, and no batch has been seen since. */
export interface HostState extends Newest {
  /** Of the batch that was compared last. */
  epoch: string;
  lives: ReadonlyMap<string, LifeState>;
}

/** The state after one more batch, and the events that it makes. */
export function observe(
  state: HostState | undefined,
  batch: Batch,
  rules: Readonly<Rules>,
): { state: HostState; events: AlertEvent[] } {
  if (state && !isNewer(state, batch)) return { state, events: [] };
  const { bootId, epoch, clock } = batch;
  const last = state?.last?.bootId === bootId && state.epoch === epoch ? state.last : null;
  const counts = tally(batch);
  const lives = new Map<string, LifeState>();
  const events: AlertEvent[] = [];
  batch.vms.forEach((vm, i) => {
    if (vm.life === UNATTRIBUTED_LIFE || vm.ended || lives.has(vm.life)) return;
    const known = state?.lives.get(vm.life);
    const interval = {
      // A VM that the batch before did not have has made all its calls since then.
      before: last && (known?.calls ?? NO_CALLS),
      after: counts[i] ?? NO_CALLS,
      ns: last ? clock.uptimeNs - last.uptimeNs : 0n,
    };
    const observed = observeLife(known, vm, batch, interval, rules);
    lives.set(vm.life, observed.state);
    if (observed.event) events.push(observed.event);
  });
  // A life that has ended, or that its host does not know any more, ends its alert.
  for (const [life, { episode }] of state?.lives ?? []) {
    if (episode?.alert && !lives.has(life)) events.push(resolve(episode.alert, clock.wallNs));
  }
  return { state: { ...newestOf(state, batch), epoch, lives }, events };
}

/** The state of a host from the newest events of its alerts that fire. */
export function restoreHost(firing: readonly AlertEvent[]): HostState {
  const lives = new Map(
    firing.flatMap((alert): [string, LifeState][] => {
      const { calls, before, after } = alert.evidence;
      if (!alert.vm || !calls) return [];
      const { entered, punted, seconds } = calls;
      const lastedNs = BigInt(Math.round(seconds * 1e9));
      const untilPunts = { ...NOTHING_SEEN, newest: before };
      const counted = { entered, punted, trips: NaN, lostUs: NaN };
      const episode = { ...counted, lastedNs, heldNs: lastedNs, calmNs: 0n, untilPunts, alert };
      const seen = { newest: after, earlier: before, observedNs: null };
      return [[alert.vm.life, { calls: NO_CALLS, seen, episode }]];
    }),
  );
  const wallNs = firing.reduce((newest, { atNs }) => (atNs > newest ? atNs : newest), 0n);
  return { last: null, wallNs, boots: [], epoch: '', lives };
}
