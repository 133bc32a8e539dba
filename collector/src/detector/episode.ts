/** Punts that became an alert, or still may: what is summed up of them over the intervals. Pure. */
import { formatLiobn } from '@tcewatch/protocol';
import type { ModeEvidence } from '@tcewatch/protocol';
import type { AlertEvent, CallCounts, CallEvidence, Impact } from '../model.js';
import { callsBetween } from './judge.js';
import type { CallsByName, Verdict } from './judge.js';
import { LOST_US, TRIPS, valueAt } from './tally.js';
import type { Tally } from './tally.js';
import type { Rules } from './rules.js';
import type { Sightings } from './descriptors.js';

/** LIOBNs that an alert names. */
const MAX_NAMED = 16;

export interface Episode {
  /** Calls of the intervals with punts, by hypercall, and of LIOBNs that fell back. */
  hypercalls: CallsByName;
  liobns: ReadonlyMap<bigint, CallCounts>;
  /** Time since the beginning of its first interval, silence included. */
  lastedNs: bigint;
  /** Round trips that were measured over that time, and their microseconds together; NaN unless all the time was. */
  trips: number;
  lostUs: number;
  /** Time that the punts have held since the first reading that showed them: its interval may have been one burst. */
  heldNs: bigint;
  /** The same of punts that are nearly all calls; null while they are not. */
  criticalNs: bigint | null;
  /** Time since they last held. */
  calmNs: bigint;
  /** What was seen of the descriptors until the punts began. */
  untilPunts: Sightings;
  /** The newest event of the alert, once it has fired. */
  alert: AlertEvent | null;
}

/** The calls of a life over the time since the batch before. */
export interface Interval {
  before: Tally;
  after: Tally;
  ns: bigint;
}

export function newEpisode(untilPunts: Sightings): Episode {
  return {
    hypercalls: {},
    liobns: new Map(),
    lastedNs: 0n,
    trips: 0,
    lostUs: 0,
    heldNs: 0n,
    criticalNs: null,
    calmNs: 0n,
    untilPunts,
    alert: null,
  };
}

/** One more interval of punts. */
export function punting(
  episode: Episode | null,
  interval: Interval,
  { critical, liobns }: Verdict,
  evidence: readonly ModeEvidence[],
  untilPunts: Sightings,
): Episode {
  const { before, after, ns } = interval;
  const known = episode ?? newEpisode(untilPunts);
  return timed(
    {
      ...known,
      hypercalls: addCalls(known.hypercalls, callsBetween(before, after, evidence)),
      liobns: addLiobns(known.liobns, interval, liobns, evidence),
      heldNs: episode ? known.heldNs + ns : 0n,
      criticalNs: critical ? (known.criticalNs === null ? 0n : known.criticalNs + ns) : null,
      calmNs: 0n,
    },
    interval,
  );
}

/** One more interval without. Healthy calls end what has not fired; silence says nothing, until it has lasted. */
export function calm(
  episode: Episode,
  interval: Interval,
  { says }: Verdict,
  { keepFiringForNs }: Readonly<Rules>,
): Episode | null {
  const calmNs = episode.calmNs + interval.ns;
  if (!episode.alert && (says === 'healthy' || calmNs >= keepFiringForNs)) return null;
  return timed({ ...episode, calmNs }, interval);
}

/** What an alert says of the calls. */
export function callEvidence({ hypercalls, liobns, lastedNs }: Episode): CallEvidence {
  const sum = { entered: 0, punted: 0 };
  for (const { entered, punted } of Object.values(hypercalls)) {
    sum.entered += entered;
    sum.punted += punted;
  }
  const named = [...liobns].map(([liobn, calls]) => ({ liobn: formatLiobn(liobn).slice(2), ...calls }));
  return {
    ...sum,
    seconds: Number(lastedNs) / 1e9,
    hypercalls,
    liobns: named.toSorted((a, b) => b.punted - a.punted).slice(0, MAX_NAMED),
  };
}

/**
 * What was measured by the patch "KVM: PPC: Add in-kernel acceleration for VFIO" on a 10 Gb card, in MB/s: without it, and
 * with it at least and at most.
 */
const MEASURED = { without: 220, least: 750, most: 1020 };
export const ESTIMATE: Impact = {
  known: 'estimated',
  throughputLeft: { from: MEASURED.without / MEASURED.most, to: MEASURED.without / MEASURED.least },
};

/** Of punts none of which was measured there is no time to tell. */
export function impactOf({ trips, lostUs, lastedNs }: Episode): Impact {
  if (!(trips > 0)) return ESTIMATE;
  return { known: 'measured', lostMsPerSecond: lostUs / 1000 / (Number(lastedNs) / 1e9) };
}

function timed(episode: Episode, { before, after, ns }: Interval): Episode {
  const since = (place: number): number => valueAt(after, place) - valueAt(before, place);
  return {
    ...episode,
    lastedNs: episode.lastedNs + ns,
    trips: episode.trips + since(TRIPS),
    lostUs: episode.lostUs + since(LOST_US),
  };
}

function addCalls(sums: CallsByName, more: CallsByName): CallsByName {
  const next = { ...sums };
  for (const [name, calls] of Object.entries(more) as [keyof CallsByName, CallCounts][]) {
    next[name] = add(sums[name], calls);
  }
  return next;
}

function addLiobns(
  sums: Episode['liobns'],
  { before, after }: Interval,
  liobns: readonly bigint[],
  evidence: readonly ModeEvidence[],
): Episode['liobns'] {
  if (liobns.length === 0) return sums;
  const next = new Map(sums);
  for (const liobn of liobns) {
    const [from, to] = [before.liobns.get(liobn), after.liobns.get(liobn)];
    if (!from || !to) continue;
    for (const calls of Object.values(callsBetween(from, to, evidence))) next.set(liobn, add(next.get(liobn), calls));
  }
  return next;
}

function add(sum: CallCounts = { entered: 0, punted: 0 }, { entered, punted }: CallCounts): CallCounts {
  return { entered: sum.entered + entered, punted: sum.punted + punted };
}
