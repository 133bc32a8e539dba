/** Punts that became an alert, or still may: what is summed up of them over the intervals. */
import { formatLiobn } from '@tcewatch/protocol';
import type { ModeEvidence } from '@tcewatch/protocol';
import type { AlertEvent, CallCounts, CallEvidence, Impact } from '../event.js';
import { DescriptorHistory } from './descriptors.js';
import { callsBetween } from './verdict.js';
import type { CallsByName, Verdict } from './verdict.js';
import { LOST_US, TRIPS, callsOn, valueAt } from './call-counts.js';
import type { VmCalls } from './call-counts.js';
import type { Rules } from '../rules.js';

/** LIOBNs that an alert names. */
const MAX_NAMED = 16;

/** The calls of a life over the time since the batch before. */
export interface Interval {
  before: VmCalls;
  after: VmCalls;
  ns: bigint;
}

/** {@link CallEvidence} that grows. */
interface Sums extends CallCounts {
  seconds: number;
  hypercalls: CallsByName;
  liobns: (CallCounts & { liobn: string })[];
}

export class Episode {
  /** The newest event of the alert, once it has fired. */
  alert: AlertEvent | null = null;
  /** Time that the punts have held since the first reading that showed them: its interval may have been one burst. */
  heldNs = 0n;
  /** Time that punts of nearly all calls have held; null while they do not. */
  criticalNs: bigint | null = null;
  /** Time since they last held. */
  calmNs = 0n;
  /**
   * Calls of the intervals with punts, by hypercall, and of LIOBNs that fell back; and the time since the beginning of the
   * first, silence included. All grow: what is kept of them is a copy.
   */
  readonly #sums: Sums = { entered: 0, punted: 0, seconds: 0, hypercalls: {}, liobns: [] };
  #lastedNs = 0n;
  /** Round trips that were measured over that time, and their microseconds together; NaN unless all the time was. */
  #trips = 0;
  #lostUs = 0;

  constructor(
    /** What was seen of the descriptors until the punts began. */
    readonly untilPunts: DescriptorHistory,
  ) {}

  /** Goes on from the newest event of its alert. */
  static restore(alert: AlertEvent, calls: CallEvidence): Episode {
    const episode = new Episode(new DescriptorHistory(alert.evidence.before));
    episode.alert = alert;
    Object.assign(episode.#sums, copyOf(calls));
    episode.#lastedNs = BigInt(Math.round(calls.seconds * 1e9));
    episode.heldNs = episode.#lastedNs;
    episode.#trips = episode.#lostUs = NaN;
    return episode;
  }

  /** Calls that are known by now. */
  get calls(): CallEvidence {
    return this.#sums;
  }

  /** Adds one more interval of punts. */
  addPunts(interval: Interval, { critical, liobns }: Verdict, evidence: readonly ModeEvidence[]): void {
    const { before, after, ns } = interval;
    if (this.#lastedNs > 0n) this.heldNs += ns;
    if (critical) this.criticalNs = this.criticalNs === null ? 0n : this.criticalNs + ns;
    else this.criticalNs = null;
    this.calmNs = 0n;
    const made = callsBetween(before, after, evidence);
    for (const [name, calls] of Object.entries(made) as [keyof CallsByName, CallCounts][]) {
      add((this.#sums.hypercalls[name] ??= { entered: 0, punted: 0 }), calls);
      add(this.#sums, calls);
    }
    for (const liobn of liobns) {
      const [from, to] = [callsOn(before, liobn), callsOn(after, liobn)];
      if (!from || !to) continue;
      for (const calls of Object.values(callsBetween(from, to, evidence))) add(this.#sumOf(liobn), calls);
    }
    this.#lasts(interval);
  }

  /**
   * One more interval without: whether the episode goes on. Healthy calls end what has not fired; silence says nothing,
   * until it has lasted.
   */
  addCalm(interval: Interval, { says }: Verdict, { keepFiringForNs }: Readonly<Rules>): boolean {
    this.calmNs += interval.ns;
    if (!this.alert && (says === 'healthy' || this.calmNs >= keepFiringForNs)) return false;
    this.#lasts(interval);
    return true;
  }

  /** Copies the calls for an alert, with the LIOBNs that have most punts. */
  callEvidence(): CallEvidence {
    const { liobns, ...sums } = copyOf(this.#sums);
    return { ...sums, liobns: liobns.sort((a, b) => b.punted - a.punted).slice(0, MAX_NAMED) };
  }

  /** Cost of the punts: measured, or an estimate where none of them was. */
  impact(): Impact {
    if (!(this.#trips > 0)) return ESTIMATE;
    return { known: 'measured', lostMsPerSecond: this.#lostUs / 1000 / this.#sums.seconds };
  }

  #sumOf(liobn: bigint): CallCounts {
    const name = formatLiobn(liobn).slice(2);
    let sum = this.#sums.liobns.find((known) => known.liobn === name);
    if (!sum) this.#sums.liobns.push((sum = { liobn: name, entered: 0, punted: 0 }));
    return sum;
  }

  #lasts({ before, after, ns }: Interval): void {
    const since = (place: number): number => valueAt(after, place) - valueAt(before, place);
    this.#lastedNs += ns;
    this.#sums.seconds = Number(this.#lastedNs) / 1e9;
    this.#trips += since(TRIPS);
    this.#lostUs += since(LOST_US);
  }
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

function add(sum: CallCounts, { entered, punted }: CallCounts): void {
  sum.entered += entered;
  sum.punted += punted;
}

function copyOf({ hypercalls, liobns, ...sums }: CallEvidence): Sums {
  const counts = Object.entries(hypercalls).map(([name, calls]) => [name, { ...calls }] as const);
  return { ...sums, hypercalls: Object.fromEntries(counts), liobns: liobns.map((calls) => ({ ...calls })) };
}
