/** One life of a VM through the batches: from intervals of punts to an alert and its end. Pure. */
import { deriveId } from '@tcewatch/protocol';
import type { Batch, Vm } from '@tcewatch/protocol';
import type { AlertEvent, Impact } from '../model.js';
import { explain, isSharper } from './causes/index.js';
import { NOTHING_SEEN, beforeAndAfter, look } from './descriptors.js';
import type { Sightings } from './descriptors.js';
import { judge } from './rules.js';
import type { Rules, Verdict } from './rules.js';
import { LOST_US, TRIPS } from './tally.js';
import type { Calls } from './tally.js';

/** Punts that became an alert, or still may. */
export interface Episode {
  /** Calls, and the time since the beginning of its first interval, silence included. */
  entered: number;
  punted: number;
  lastedNs: bigint;
  /** Round trips that were measured over that time, and their microseconds together; NaN unless all the time was. */
  trips: number;
  lostUs: number;
  /** Time that the punts have held since the first reading that showed them: its interval may have been one burst. */
  heldNs: bigint;
  /** Time since they last held. */
  calmNs: bigint;
  /** What was seen of the descriptors until the punts began. */
  untilPunts: Sightings;
  /** The newest event of the alert, once it has fired. */
  alert: AlertEvent | null;
}

export interface LifeState {
  calls: Calls;
  seen: Sightings;
  episode: Episode | null;
}

/** The calls of a life over the time since the batch before; `before` is null when they can only be the next base. */
export interface Interval {
  before: Calls | null;
  after: Calls;
  ns: bigint;
}

/** The state after one more batch, and the event that it is told by. An ended life is resolved by its host. */
export function observeLife(
  state: LifeState | undefined,
  vm: Vm,
  batch: Batch,
  { before, after, ns }: Interval,
  rules: Readonly<Rules>,
): { state: LifeState; event: AlertEvent | null } {
  const known = state?.seen ?? NOTHING_SEEN;
  const seen = look(known, vm, batch);
  let episode = state?.episode ?? null;
  if (before !== null && ns > 0n) {
    const since = (cell: number): number => (after[cell] ?? NaN) - (before[cell] ?? NaN);
    const hadTable = known.newest?.tceTables !== 0 || seen.newest?.tceTables !== 0;
    const verdict = judge(before, after, { seconds: Number(ns) / 1e9, evidence: vm.evidence, hadTable }, rules);
    const next = verdict.says === 'fallback' ? punting(episode, verdict, ns, known) : calm(episode, verdict, ns, rules);
    episode = next && { ...next, trips: next.trips + since(TRIPS), lostUs: next.lostUs + since(LOST_US) };
  }
  const event = episode && nextEvent(episode, vm, batch, seen, rules);
  if (episode && event) episode = event.state === 'firing' ? { ...episode, alert: event } : null;
  return { state: { calls: after, seen, episode }, event };
}

/** The event that ends an alert. */
export function resolve(alert: AlertEvent, wallNs: bigint): AlertEvent {
  const atNs = wallNs > alert.atNs ? wallNs : alert.atNs;
  return { ...alert, state: 'resolved', revision: alert.revision + 1, atNs, resolvedAtNs: atNs };
}

function punting(episode: Episode | null, { entered, punted }: Verdict, ns: bigint, known: Sightings): Episode {
  if (!episode) {
    return {
      entered,
      punted,
      lastedNs: ns,
      trips: 0,
      lostUs: 0,
      heldNs: 0n,
      calmNs: 0n,
      untilPunts: known,
      alert: null,
    };
  }
  return {
    ...episode,
    entered: episode.entered + entered,
    punted: episode.punted + punted,
    lastedNs: episode.lastedNs + ns,
    heldNs: episode.heldNs + ns,
    calmNs: 0n,
  };
}

/** Healthy calls end what has not fired; silence says nothing, until it has lasted. */
function calm(episode: Episode | null, { says }: Verdict, ns: bigint, rules: Readonly<Rules>): Episode | null {
  if (!episode) return null;
  const calmNs = episode.calmNs + ns;
  if (!episode.alert && (says === 'healthy' || calmNs >= rules.keepFiringForNs)) return null;
  return { ...episode, lastedNs: episode.lastedNs + ns, calmNs };
}

function nextEvent(
  episode: Episode,
  vm: Vm,
  { clock, host }: Batch,
  seen: Sightings,
  rules: Readonly<Rules>,
): AlertEvent | null {
  const { alert } = episode;
  const found = beforeAndAfter(episode.untilPunts, seen);
  const { entered, punted, lastedNs, heldNs, calmNs } = episode;
  const seconds = Number(lastedNs) / 1e9;
  const calls = { entered, punted, seconds, hypercalls: {}, liobns: [] };
  const { cause, facts } = explain({ host, vm, calls, ...found, never: false });
  if (alert) {
    if (episode.calmNs >= rules.keepFiringForNs) return resolve(alert, clock.wallNs);
    if (!isSharper(cause.code, alert.cause.code)) return null;
    const atNs = clock.wallNs > alert.atNs ? clock.wallNs : alert.atNs;
    return { ...alert, revision: alert.revision + 1, atNs, cause, evidence: { ...alert.evidence, facts, ...found } };
  }
  // Single punts with silence between them each make an interval of their own, at a rate that is none over the time.
  if (heldNs < rules.forNs || calmNs > 0n || punted < rules.minRate * seconds) return null;
  return {
    alertId: deriveId('TceAccelerationLost', vm.life, clock.wallNs),
    alert: 'TceAccelerationLost',
    severity: 'critical',
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

/**
 * What was measured by the patch "KVM: PPC: Add in-kernel acceleration for VFIO" on a 10 Gb card, in MB/s: without it, and
 * with it at least and at most.
 */
const MEASURED = { without: 220, least: 750, most: 1020 };
const ESTIMATE: Impact = {
  known: 'estimated',
  throughputLeft: { from: MEASURED.without / MEASURED.most, to: MEASURED.without / MEASURED.least },
};

/** Of punts none of which was measured there is no time to tell. */
function impactOf({ trips, lostUs, lastedNs }: Episode): Impact {
  if (!(trips > 0)) return ESTIMATE;
  return { known: 'measured', lostMsPerSecond: lostUs / 1000 / (Number(lastedNs) / 1e9) };
}
