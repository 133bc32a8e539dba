/**
 * Decides when to replace a histogram, and how. Pure.
 *
 * The kernel never frees an entry, so threads that have died crowd out those to come; and a guest can name any of 2^64
 * LIOBNs, each with an entry of its own. A histogram that fills up drops calls, so it is replaced before, if that helps.
 */
import type { Cell, VmSighting } from '../../model.js';
import { HIST_SIZE } from '../settings.js';
import type { HistTable } from './rows.js';

/** Keys of the histogram of calls that enter: with each LIOBN (`one`), or without (`all`). */
export type EnterScope = 'one' | 'all';

export interface Plan {
  scope: EnterScope;
  /** Entries of each histogram. */
  size: number;
  /** Reason in words for the operator. */
  why: string;
}

export interface Use {
  scope: EnterScope;
  /** Tables of the calls that enter, and of those that are punted. */
  tables: readonly HistTable[];
  /** Tables of the detail about them. */
  detail: readonly HistTable[];
  cells: readonly Cell[];
  /** VMs of the host; undefined when it could not be inspected. */
  vms: readonly VmSighting[] | undefined;
  /** Entries that the configuration asks for. */
  wantedSize: number;
}

/** LIOBNs that make a guest a flooding one: more than its host bridges, windows and VIO devices can need. */
const MANY_LIOBNS = 256;
/** Share of a small histogram whose LIOBNs make a guest a flooding one, where that is fewer. */
const MOST_OF_SIZE = 1 / 4;

/** Plans new histograms; undefined while the present ones will do. */
export function planFor(use: Use): Plan | undefined {
  const { scope, wantedSize } = use;
  const tables = [...use.tables, ...use.detail];
  const flooding = scope === 'one' ? floodingVm(use) : undefined;
  const size = fitting(use);
  if (flooding !== undefined) {
    return {
      scope: 'all',
      size: sizeWithoutLiobns(use),
      why: `${flooding} calls with too many LIOBNs`,
    };
  }
  const smallest = Math.min(...tables.map((table) => table.size));
  if (tables.some(isCrowded)) {
    if (size > smallest || mostIsDead(use)) return { scope, size, why: 'the histograms fill up' };
    if (scope === 'one' && use.tables.some(isCrowded)) {
      return { scope: 'all', size: sizeWithoutLiobns(use), why: 'the largest histogram fills up' };
    }
    return undefined;
  }
  if (mostIsDead(use)) return { scope, size, why: 'threads that have died crowd the histograms' };
  if (smallest < wantedSize) return { scope, size, why: `hist.size is ${wantedSize} now` };
  return undefined;
}

/** Tells whether a histogram has lost calls, or soon may. */
export function isCrowded({ tids, size, dropped }: HistTable): boolean {
  return dropped > 0 || tids.length > (3 / 4) * size;
}

/** Finds the VM, or the thread of nobody, that uses more LIOBNs than a guest can need. */
export function floodingVm({ cells, vms, tables }: Pick<Use, 'cells' | 'vms' | 'tables'>): string | undefined {
  const most = Math.min(MANY_LIOBNS, ...tables.map(({ size }) => size * MOST_OF_SIZE));
  const owners = new Map(
    vms?.flatMap(({ name, threads }) => threads.map(({ tid }) => [tid, `the VM ${name}`] as const)),
  );
  const liobns = new Map<string, Set<bigint>>();
  for (const { tid, scope, liobn } of cells) {
    if (scope !== 'one') continue;
    const owner = owners.get(tid) ?? `thread ${tid}`;
    const used = liobns.get(owner) ?? new Set();
    liobns.set(owner, used.add(liobn));
    if (used.size > most) return owner;
  }
  return undefined;
}

/** Returns a size of twice what the living need; they keep their entries. */
function fitting(use: Use): number {
  const isAlive = aliveIn(use);
  const rows = [...use.tables, ...use.detail].map(({ tids }) => tids.filter(isAlive).length);
  return sizeFor(Math.max(...rows), use);
}

function sizeWithoutLiobns(use: Use): number {
  const isAlive = aliveIn(use);
  const living = use.cells.filter(({ tid }) => isAlive(tid));
  const rows = (counter: Cell['counter']) =>
    new Set(living.filter((cell) => cell.counter === counter).map((cell) => `${cell.tid} ${cell.hypercall}`)).size;
  return sizeFor(Math.max(rows('entered'), rows('punted')), use);
}

function sizeFor(rows: number, { wantedSize }: Use): number {
  let size = wantedSize;
  while (size < 2 * rows && size < HIST_SIZE.most) size *= 2;
  return size;
}

function mostIsDead(use: Use): boolean {
  const isAlive = aliveIn(use);
  return [...use.tables, ...use.detail].some(({ tids, size }) => {
    const dead = tids.filter((tid) => !isAlive(tid)).length;
    return dead > tids.length / 2 && tids.length > size / 4;
  });
}

/** Returns a test for threads that are alive; all are, while nobody can tell. */
function aliveIn({ vms }: Use): (tid: number) => boolean {
  if (!vms) return () => true;
  const alive = new Set(vms.flatMap(({ threads }) => threads.map(({ tid }) => tid)));
  return (tid) => alive.has(tid);
}

const SECOND_NS = 1_000_000_000n;
/** First pause before a new attempt; doubled each time that it was too short. */
const FIRST_PAUSE_NS = 600n * SECOND_NS;
const LONGEST_PAUSE_NS = 14_400n * SECOND_NS;
/** Time for which the histogram with LIOBNs has to bear the load before the one without them is given up. */
const TRIAL_NS = 60n * SECOND_NS;

/**
 * Decides when to try again what failed, and when to try whether a guest that flooded the histogram has stopped. Not
 * p-retry, which waits and tries by itself: here each reading asks whether an attempt is due, and goes on without it.
 */
export class RetryPolicy {
  #pauseNs = FIRST_PAUSE_NS;
  /** Uptime at which LIOBNs may be told apart again; unknown to an agent that finds them folded. */
  #healNs: bigint | undefined;
  #failed: { scope: EnterScope; untilNs: bigint } | undefined;

  /** Decides what to do now, given what the histograms call for. */
  planAt(nowNs: bigint, scope: EnterScope, wanted: Plan | undefined, size: number): Plan | undefined {
    const plan = wanted ?? (scope === 'all' ? this.#healing(nowNs, size) : undefined);
    if (plan?.scope === this.#failed?.scope && nowNs < (this.#failed?.untilNs ?? 0n)) return undefined;
    return plan;
  }

  /** Returns the uptime before which the new histogram is on trial, in nanoseconds. */
  trialEndsNs(nowNs: bigint, scope: EnterScope, plan: Plan): bigint {
    return scope === 'all' && plan.scope === 'one' ? nowNs + TRIAL_NS : nowNs;
  }

  failed(nowNs: bigint, { scope }: Plan): void {
    this.#failed = { scope, untilNs: nowNs + this.#pauseNs };
    this.#lengthen();
  }

  done(nowNs: bigint, { scope }: Plan): void {
    this.#failed = undefined;
    if (scope === 'one') return;
    this.#healNs = nowNs + this.#pauseNs;
    this.#lengthen();
  }

  #healing(nowNs: bigint, size: number): Plan | undefined {
    this.#healNs ??= nowNs + this.#pauseNs;
    if (nowNs < this.#healNs) return undefined;
    return { scope: 'one', size, why: 'LIOBNs may be told apart again' };
  }

  #lengthen(): void {
    this.#pauseNs = this.#pauseNs * 2n < LONGEST_PAUSE_NS ? this.#pauseNs * 2n : LONGEST_PAUSE_NS;
  }
}
