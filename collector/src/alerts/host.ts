/**
 * One host through its batches. What comes late or twice changes nothing, since only a batch that is newer than the last
 * can say how much was added.
 */
import { UNATTRIBUTED_LIFE } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { isNewer, newestOf } from '../hosts/boots.js';
import type { Newest } from '../hosts/boots.js';
import { resolve } from './event.js';
import type { AlertEvent } from './event.js';
import { NO_RUNS, observeRuns } from './duplicate-identity.js';
import type { RunState } from './duplicate-identity.js';
import { NO_LOSSES, observeLosses } from './counts-incomplete.js';
import type { LossState } from './counts-incomplete.js';
import { VmAlert } from './acceleration/vm-alert.js';
import type { Policy } from './policy.js';
import { NO_CALLS, countCalls, callsOfVm } from './acceleration/call-counts.js';
import type { BatchCalls } from './acceleration/call-counts.js';

export class Host {
  #newest: Newest | null = null;
  /** Epoch of the batch that the next is compared with; empty: with none. */
  #epoch = '';
  /** Batches that were compared. */
  #readings = 0;
  readonly #lives = new Map<string, VmAlert>();
  #counts: BatchCalls = { cells: new Float64Array(), liobns: [] };
  /** Cells of the batch before the last, for the next to be summed up in. */
  #spare: Float64Array | undefined;
  #losses: LossState = NO_LOSSES;
  #runs: RunState = NO_RUNS;

  /** Goes on from the newest events of its alerts that fire. */
  static restore(firing: readonly AlertEvent[]): Host {
    const host = new Host();
    const wallNs = firing.reduce((newest, { atNs }) => (atNs > newest ? atNs : newest), 0n);
    host.#newest = { last: null, wallNs, boots: [] };
    for (const alert of firing) {
      if (alert.vm) host.#alertOf(alert.vm.life).restore(alert);
      else if (alert.alert === 'TceCountsIncomplete') host.#losses = { ...NO_LOSSES, alert };
      else if (alert.alert === 'TceDuplicateIdentity') host.#runs = { ...NO_RUNS, alert };
    }
    return host;
  }

  /** Whether a batch of it has been seen since it was created or restored. */
  get isHeard(): boolean {
    return this.#newest !== null && this.#newest.last !== null;
  }

  get lives(): number {
    return this.#lives.size;
  }

  /** Lists its alerts that fire. */
  firing(): AlertEvent[] {
    const ofVms = [...this.#lives.values()].map(({ alert }) => alert);
    return [...ofVms, this.#losses.alert, this.#runs.alert].filter((alert) => alert !== null);
  }

  /** Makes the events that end its alerts. */
  end(): AlertEvent[] {
    const wallNs = this.#newest?.wallNs ?? 0n;
    return this.firing().map((alert) => resolve(alert, wallNs));
  }

  /** Goes on with one more batch: the events that it makes. */
  observe(batch: Batch, policy: Policy): AlertEvent[] {
    const known = this.#newest;
    const isNew = known === null || isNewer(known, batch);
    const newest = isNew ? newestOf(known ?? undefined, batch) : known;
    const runs = observeRuns(this.#runs, batch, newest, policy);
    this.#runs = runs.state;
    if (!isNew) return runs.events;
    this.#newest = newest;
    const { bootId, epoch, clock } = batch;
    if (this.#runs.alert) {
      // Whose VMs and counts these are nobody knows: none begins, ends or is compared until one speaks alone.
      this.#epoch = '';
      return runs.events;
    }
    const last = known?.last?.bootId === bootId && this.#epoch === epoch ? known.last : null;
    const ns = last && clock.uptimeNs - last.uptimeNs;
    this.#epoch = epoch;
    const ofVms = this.#observeLives(batch, ns, policy);
    const losses = observeLosses(this.#losses, batch, ns, policy);
    this.#losses = losses.state;
    return [...runs.events, ...losses.events, ...ofVms];
  }

  /** `ns` is null where the counts can only be the next base. */
  #observeLives(batch: Batch, ns: bigint | null, policy: Policy): AlertEvent[] {
    const before = this.#counts;
    const after = countCalls(batch, this.#spare);
    const reading = ++this.#readings;
    const events: AlertEvent[] = [];
    let heard = 0;
    batch.vms.forEach((vm, place) => {
      if (vm.life === UNATTRIBUTED_LIFE || vm.ended) return;
      const life = this.#alertOf(vm.life);
      if (life.reading === reading) return;
      heard++;
      // A VM that the batch before did not have has made all its calls since then.
      const base = life.reading === 0 ? NO_CALLS : callsOfVm(before, life.place);
      const told = { vm, batch, before: ns === null ? null : base, after: callsOfVm(after, place), ns: ns ?? 0n };
      const event = life.observe(told, policy);
      life.reading = reading;
      life.place = place;
      if (event) events.push(event);
    });
    [this.#counts, this.#spare] = [after, before.cells];
    if (heard < this.#lives.size) events.push(...this.#forgetGone(batch.clock.wallNs));
    return events;
  }

  /** Forgets the lives that have ended, or that the host does not know any more: the events that end their alerts. */
  #forgetGone(wallNs: bigint): AlertEvent[] {
    const events: AlertEvent[] = [];
    for (const [id, { reading, alert }] of this.#lives) {
      if (reading === this.#readings) continue;
      this.#lives.delete(id);
      if (alert) events.push(resolve(alert, wallNs));
    }
    return events;
  }

  #alertOf(id: string): VmAlert {
    let life = this.#lives.get(id);
    if (!life) this.#lives.set(id, (life = new VmAlert()));
    return life;
  }
}
