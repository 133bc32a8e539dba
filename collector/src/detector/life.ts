/** One life of a VM through the batches: from intervals of punts to an alert and its end. Pure. */
import { deriveId } from '@tcewatch/protocol';
import type { Batch, Hypercall, Vm } from '@tcewatch/protocol';
import type { AlertEvent } from '../model.js';
import { explain, isSharper } from './causes/index.js';
import { NOTHING_SEEN, beforeAndAfter, look } from './descriptors.js';
import type { Sightings } from './descriptors.js';
import { callEvidence, calm, impactOf, punting } from './episode.js';
import type { Episode, Interval } from './episode.js';
import { canHide, hasHandled, judge } from './judge.js';
import type { Policy } from './policy.js';
import type { Rules } from './rules.js';
import type { Tally } from './tally.js';

export interface LifeState {
  tally: Tally;
  seen: Sightings;
  /** Whether the kernel was ever seen to handle calls of this life. */
  handled: boolean;
  episode: Episode | null;
}

/** The state after one more batch, and the event that it is told by. An ended life is resolved by its host. */
export function observeLife(
  state: LifeState | undefined,
  vm: Vm,
  batch: Batch,
  { before, after, ns }: Omit<Interval, 'before'> & { before: Tally | null },
  policy: Policy,
): { state: LifeState; event: AlertEvent | null } {
  const rules = policy.rulesOf(batch.host.name, vm.name);
  const known = state?.seen ?? NOTHING_SEEN;
  const seen = look(known, vm, batch);
  let episode = state?.episode ?? null;
  if (!rules.enabled) {
    const event = episode?.alert ? resolve(episode.alert, batch.clock.wallNs) : null;
    return { state: { tally: after, seen, handled: state?.handled ?? false, episode: null }, event };
  }
  if (before !== null && ns > 0n) {
    const hadTable = known.newest?.tceTables !== 0 || seen.newest?.tceTables !== 0;
    const given = { seconds: Number(ns) / 1e9, evidence: vm.evidence, hadTable, firing: Boolean(episode?.alert) };
    const verdict = judge(before, after, given, rules);
    const interval = { before, after, ns };
    if (verdict.says === 'fallback') episode = punting(episode, interval, verdict, vm.evidence, known);
    else episode &&= calm(episode, interval, verdict, rules);
  }
  const handled = (state?.handled ?? false) || hasHandled(after, vm.evidence);
  const next: LifeState = { tally: after, seen, handled, episode };
  const event = episode && nextEvent(next, episode, vm, batch, rules, policy, seen !== known);
  if (episode && event) next.episode = event.state === 'firing' ? { ...episode, alert: event } : null;
  return { state: next, event };
}

/** The event that ends an alert. */
export function resolve(alert: AlertEvent, wallNs: bigint): AlertEvent {
  const atNs = wallNs > alert.atNs ? wallNs : alert.atNs;
  return { ...alert, state: 'resolved', revision: alert.revision + 1, atNs, resolvedAtNs: atNs };
}

function nextEvent(
  life: LifeState,
  episode: Episode,
  vm: Vm,
  batch: Batch,
  rules: Readonly<Rules>,
  policy: Policy,
  hasLooked: boolean,
): AlertEvent | null {
  if (!episode.alert) return isDue(episode, rules, batch, vm, policy) ? fire(life, episode, vm, batch, rules) : null;
  if (episode.calmNs >= rules.keepFiringForNs) return resolve(episode.alert, batch.clock.wallNs);
  return revise(life, episode, episode.alert, vm, batch, rules, hasLooked);
}

function isDue(
  episode: Episode,
  { forNs, minRate }: Readonly<Rules>,
  { clock, host }: Batch,
  vm: Vm,
  policy: Policy,
): boolean {
  if (episode.heldNs < forNs || episode.calmNs > 0n) return false;
  const { punted, seconds } = callEvidence(episode);
  // Single punts with silence between them each make an interval of their own, at a rate that is none over the time.
  return punted >= minRate * seconds && !policy.isMaintained(clock.wallNs, host.name, vm.name);
}

function fire(life: LifeState, episode: Episode, vm: Vm, { clock, host }: Batch, rules: Readonly<Rules>): AlertEvent {
  const calls = callEvidence(episode);
  const found = beforeAndAfter(episode.untilPunts, life.seen);
  const never = isNever(life, episode, vm);
  const { cause, facts } = explain({ host, vm, calls, ...found, never });
  const alert = never ? 'TceNeverAccelerated' : 'TceAccelerationLost';
  return {
    alertId: deriveId(alert, vm.life, clock.wallNs),
    alert,
    severity: isCritical(episode, rules) ? 'critical' : 'warning',
    state: 'firing',
    revision: 0,
    atNs: clock.wallNs,
    hostId: host.id,
    hostName: host.name,
    vm: { life: vm.life, name: vm.name, uuid: vm.uuid },
    firedAtNs: clock.wallNs,
    resolvedAtNs: null,
    cause,
    impact: impactOf(episode),
    evidence: { facts, calls, ...found },
  };
}

/** A sharper cause, or a higher severity. */
function revise(
  { seen }: LifeState,
  episode: Episode,
  alert: AlertEvent,
  vm: Vm,
  { clock, host }: Batch,
  rules: Readonly<Rules>,
  hasLooked: boolean,
): AlertEvent | null {
  const { calls } = alert.evidence;
  const found = beforeAndAfter(episode.untilPunts, seen);
  const never = alert.alert === 'TceNeverAccelerated';
  const told = hasLooked && calls ? explain({ host, vm, calls, ...found, never }) : null;
  const isTelling = told !== null && isSharper(told.cause.code, alert.cause.code);
  const isWorse = alert.severity === 'warning' && isCritical(episode, rules);
  if (!isTelling && !isWorse) return null;
  return {
    ...alert,
    revision: alert.revision + 1,
    atNs: clock.wallNs > alert.atNs ? clock.wallNs : alert.atNs,
    ...(isWorse && { severity: 'critical' }),
    ...(isTelling && { cause: told.cause, evidence: { ...alert.evidence, facts: told.facts, ...found } }),
  };
}

function isCritical({ criticalNs }: Episode, { forNs }: Readonly<Rules>): boolean {
  return criticalNs !== null && criticalNs >= forNs;
}

/** Nobody saw the kernel handle a call, and none of those that fall back can have been handled where nobody sees it. */
function isNever({ handled, seen }: LifeState, { hypercalls }: Episode, { evidence }: Vm): boolean {
  if (handled) return false;
  if (seen.newest?.tceTables === 0 && (seen.earlier?.tceTables ?? 0) === 0) return true;
  return !(Object.keys(hypercalls) as Hypercall[]).some((name) => canHide(name, evidence, 0));
}
