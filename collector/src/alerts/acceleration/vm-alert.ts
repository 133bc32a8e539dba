/**
 * The alert of one life of a VM: from intervals of punts to an alert and its end. This file decides when an alert fires,
 * is revised and resolves.
 *
 * A batch tells how far each counter has come, so an interval is the difference of two batches of one epoch. Data flows
 * one way, once for each batch and VM:
 *
 *     call-counts.ts   sums a batch over LIOBNs, all VMs in one array      (written by the host, read by all below)
 *     verdict.ts       judges an interval: fallback, healthy, or nothing    (pure)
 *     episode.ts       sums up intervals while calls fall back              (one for each life at most)
 *     descriptors.ts   remembers what /proc showed, now and before          (one for each life)
 *     vm-alert.ts      makes events of them                                 (one for each life)
 *
 * The states of a life, and what leads from one to the next. Only `observe` and `restore` change them:
 *
 *     calm      no episode
 *       > pending    an interval is a fallback: an episode begins, with a copy of the descriptors until then
 *     pending   an episode without an alert
 *       > calm       healthy calls, or no calls for keepFiringFor
 *       > firing     it has held for `for` since its first reading, at minRate over all of its time, and no maintenance
 *                    holds: revision 0. Whether calls of this life were ever handled says which alert it is
 *     firing    an episode with its newest event
 *       > firing     a sharper cause or a higher severity: the next revision
 *       > calm       no fallback for keepFiringFor, here measured by clearShare; the life has ended; or alerts of it are
 *                    not wanted: resolved
 *
 * An interval without calls says nothing: it neither begins, ends nor counts as time that punts held. After a restart the
 * newest event of an alert that fires brings its episode back, `calls` included, so that it goes on under its id. Time is
 * the host's uptime; events bear the host's wall clock, so a replayed recording makes the events that it made live.
 */
import { deriveId } from '@tcewatch/protocol';
import type { Batch, Hypercall, Vm } from '@tcewatch/protocol';
import { resolve } from '../event.js';
import type { AlertEvent } from '../event.js';
import { explain, explainSharper } from '../causes/index.js';
import { DescriptorHistory } from './descriptors.js';
import { Episode } from './episode.js';
import type { Interval } from './episode.js';
import { canHide, hasHandled, hasPunted, verdictOn } from './verdict.js';
import type { Policy } from '../policy.js';
import type { Rules } from '../rules.js';
import type { VmCalls } from './call-counts.js';

/** Reading of one life in a batch; `before` is null where there is nothing to compare with. */
export interface VmReading extends Omit<Interval, 'before'> {
  vm: Vm;
  batch: Batch;
  before: VmCalls | null;
}

export class VmAlert {
  /** The newest batch that had it: which it is of those of its host, from 1 on, and the place of its VM in there. */
  reading = 0;
  place = 0;
  #seen = new DescriptorHistory();
  /** Whether the kernel was ever seen to handle calls of this life. */
  #handled = false;
  #episode: Episode | null = null;

  /** Goes on from the newest event of its alert. */
  restore(alert: AlertEvent): void {
    const { calls, before, after } = alert.evidence;
    this.#seen = new DescriptorHistory(after, before);
    this.#handled = alert.alert === 'TceAccelerationLost';
    this.#episode = calls && Episode.restore(alert, calls);
  }

  /** The newest event of its alert, while that fires. */
  get alert(): AlertEvent | null {
    return this.#episode?.alert ?? null;
  }

  /** Goes on with one more batch: the event that it is told by. An ended life is resolved by its host. */
  observe(reading: VmReading, policy: Policy): AlertEvent | null {
    const { vm, batch, before, after, ns } = reading;
    const rules = policy.rulesOf(batch.host.name, vm.name);
    if (!rules.enabled) {
      this.#seen.observe(vm, batch);
      const { alert } = this;
      this.#episode = null;
      return alert && resolve(alert, batch.clock.wallNs);
    }
    // Nearly all VMs have no punts nearly always.
    if (before !== null && ns > 0n && (this.#episode || hasPunted(before, after))) {
      this.#addInterval({ before, after, ns }, vm, rules);
    }
    this.#seen.observe(vm, batch);
    this.#handled ||= hasHandled(after, vm.evidence);
    const event = this.#episode && this.#nextEvent(this.#episode, reading, rules, policy);
    if (this.#episode && event) this.#episode.alert = event;
    if (event?.state === 'resolved') this.#episode = null;
    return event;
  }

  /**
   * Adds an interval to the episode. Called before the batch's descriptors are added, since an episode remembers what
   * was seen until it began.
   */
  #addInterval(interval: Interval, vm: Vm, rules: Readonly<Rules>): void {
    const { before, after, ns } = interval;
    const { hasNoTable } = this.#seen;
    const hadTable = !hasNoTable || (vm.facts?.descriptors?.tceTables ?? 0) > 0;
    const given = { seconds: Number(ns) / 1e9, evidence: vm.evidence, hadTable, firing: this.alert !== null };
    const verdict = verdictOn(before, after, given, rules);
    if (verdict.says === 'fallback') {
      (this.#episode ??= new Episode(this.#seen.copy())).addPunts(interval, verdict, vm.evidence);
    } else if (this.#episode?.addCalm(interval, verdict, rules) === false) {
      this.#episode = null;
    }
  }

  #nextEvent(episode: Episode, { vm, batch }: VmReading, rules: Readonly<Rules>, policy: Policy): AlertEvent | null {
    const { clock, host } = batch;
    const { alert } = episode;
    if (!alert) {
      const due = isDue(episode, rules) && !policy.isMaintained(clock.wallNs, host.name, vm.name);
      return due ? this.#fire(episode, vm, batch, rules) : null;
    }
    if (episode.calmNs >= rules.keepFiringForNs) return resolve(alert, clock.wallNs);
    return this.#revise(episode, alert, vm, batch, rules);
  }

  #fire(episode: Episode, vm: Vm, { clock, host }: Batch, rules: Readonly<Rules>): AlertEvent {
    const calls = episode.callEvidence();
    const found = this.#seen.since(episode.untilPunts);
    const never = this.#isNever(calls.hypercalls, vm);
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
      impact: episode.impact(),
      evidence: { facts, calls, ...found },
    };
  }

  /** Revises the alert: a sharper cause by what has been seen since, or a higher severity. */
  #revise(
    episode: Episode,
    alert: AlertEvent,
    vm: Vm,
    { clock, host }: Batch,
    rules: Readonly<Rules>,
  ): AlertEvent | null {
    const found = this.#seen.since(episode.untilPunts);
    const never = alert.alert === 'TceNeverAccelerated';
    const told = explainSharper({ host, vm, calls: episode.calls, ...found, never }, alert.cause.code);
    const isWorse = alert.severity === 'warning' && isCritical(episode, rules);
    if (!told && !isWorse) return null;
    return {
      ...alert,
      revision: alert.revision + 1,
      atNs: clock.wallNs > alert.atNs ? clock.wallNs : alert.atNs,
      ...(isWorse && { severity: 'critical' }),
      ...(told && { cause: told.cause, evidence: { facts: told.facts, calls: episode.callEvidence(), ...found } }),
    };
  }

  /**
   * Whether no call of this life was seen to be handled, and none that falls back can have been handled where nobody
   * sees it.
   */
  #isNever(hypercalls: Readonly<Partial<Record<Hypercall, unknown>>>, { evidence }: Vm): boolean {
    if (this.#handled) return false;
    if (this.#seen.hasNoTable && this.#seen.hadNoTable) return true;
    return !(Object.keys(hypercalls) as Hypercall[]).some((name) => canHide(name, evidence, 0));
  }
}

/**
 * Whether an episode has lasted long enough to fire. Its rate counts over all of its time: single punts with silence
 * between them are no fallback.
 */
function isDue(episode: Episode, { forNs, minRate }: Readonly<Rules>): boolean {
  const { punted, seconds } = episode.calls;
  return episode.heldNs >= forNs && episode.calmNs === 0n && punted >= minRate * seconds;
}

function isCritical({ criticalNs }: Episode, { forNs }: Readonly<Rules>): boolean {
  return criticalNs !== null && criticalNs >= forNs;
}
