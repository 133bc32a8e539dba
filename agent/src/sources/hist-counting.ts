/** The histograms of a host over time: the instance that counts now, and the one that takes over from it. */
import { SourceError } from '../model.js';
import type { Handover, VmSighting } from '../model.js';
import type { HistCounts } from './hist-counts.js';
import type { Counts } from './hist-handover.js';
import { HIST_KINDS, histKind } from './hist-instance.js';
import type { HistKind } from './hist-instance.js';
import { planFor } from './hist-plan.js';
import type { Plan } from './hist-plan.js';
import { Recovery } from './hist-recovery.js';
import { Takeover, readCounts } from './hist-takeover.js';
import { makeInstance, openInstance, removeInstance } from './tracefs.js';
import type { Instance, Place } from './tracefs.js';

/** What the kernel counted by now; instances are named by the uptime at which they were made, in nanoseconds. */
export interface Counted extends Counts {
  madeNs: bigint;
  /** Present when another instance counts from here on. */
  handover?: Pick<Handover, 'cells' | 'seen'> & { madeNs: bigint };
  /** In words for the operator. */
  problems: string[];
}

export class Counting {
  readonly #recovery = new Recovery();
  #takeover: Takeover | undefined;
  /** Has handed over, and is kept until the next reading: by then the ledger has kept what it counted. */
  #leaving: Instance<HistKind> | undefined;
  /** What was read last, where no other instance takes over. */
  #alone: HistCounts | undefined;

  private constructor(
    private readonly options: Place,
    private instance: Instance<HistKind>,
    /** What is left of other instances. */
    private leftovers: readonly string[],
  ) {}

  /** Goes on with the instance that `isTold` knows, else makes one. Throws SourceError. */
  static async open(options: Place, nowNs: bigint, isTold: (madeNs: bigint) => boolean): Promise<Counting> {
    const { instance, problems } = await openInstance({ ...options, kinds: HIST_KINDS, nowNs }, (found) =>
      isTold(found.madeNs),
    );
    return new Counting(options, instance, problems);
  }

  /** Reads what is counted. Throws SourceError. */
  async count(nowNs: bigint): Promise<Counted> {
    await this.#leave();
    if (this.#takeover) return this.#follow(this.#takeover, nowNs);
    this.#alone = await readCounts(this.options.tracefs, this.instance);
    return this.#told(this.#alone, []);
  }

  /** The kernel goes on counting. */
  async close(): Promise<void> {
    for (const instance of [this.instance, this.#takeover?.taker, this.#leaving]) {
      await instance?.hold.close();
    }
  }

  async #leave(): Promise<void> {
    if (!this.#leaving) return;
    const leaving = this.#leaving;
    this.#leaving = undefined;
    this.leftovers = [...this.leftovers, ...(await this.#remove(leaving))];
  }

  async #follow(takeover: Takeover, nowNs: bigint): Promise<Counted> {
    const { taker, plan } = takeover;
    const step = await takeover.step(nowNs);
    if (step.is === 'waiting') return this.#told(step.old, [remark(plan)]);
    this.#takeover = undefined;
    if (step.is === 'failed') {
      this.#recovery.failed(nowNs, plan);
      const left = await this.#remove(taker);
      return this.#told(step.old, [`the histograms were not made anew (${plan.why}): ${step.why}`, ...left]);
    }
    this.#recovery.done(nowNs, plan);
    const { handover, ...last } = step.last;
    const told = { ...this.#told(last, []), handover: { ...handover, madeNs: taker.madeNs } };
    this.#leaving = this.instance;
    this.instance = taker;
    return told;
  }

  /** Makes the histograms anew if what was read calls for it; returns what there is to say of that. */
  async keepRoom(nowNs: bigint, vms: readonly VmSighting[] | undefined): Promise<string[]> {
    const { instance: old, options } = this;
    const { scope } = old.kind;
    const before = this.#alone;
    this.#alone = undefined;
    if (!before) return [];
    const wanted = planFor({ scope, tables: before.tables, cells: before.cells, vms, wantedSize: options.size });
    const plan = this.#recovery.planAt(nowNs, scope, wanted, options.size);
    if (!plan) return [];
    let taker: Instance<HistKind> | undefined;
    try {
      taker = await makeInstance({ ...options, kind: histKind(plan.scope), size: plan.size, nowNs });
      const trialEndsNs = this.#recovery.trialEndsNs(nowNs, scope, plan);
      this.#takeover = await Takeover.begin({ tracefs: options.tracefs, old, before, taker, plan, trialEndsNs });
      return [remark(plan)];
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      this.#recovery.failed(nowNs, plan);
      const left = taker ? await this.#remove(taker) : [];
      return [`the histograms cannot be made anew (${plan.why}): ${error.message}`, ...left];
    }
  }

  #remove(instance: Instance<HistKind>): Promise<string[]> {
    return removeInstance(this.options.tracefs, instance);
  }

  #told({ cells, accounts }: Counts, problems: readonly string[]): Counted {
    const { madeNs, kind } = this.instance;
    const folded = kind.scope === 'all' ? [LIOBNS_FOLDED] : [];
    return { madeNs, cells, accounts, problems: [...this.leftovers, ...problems, ...folded] };
  }
}

const LIOBNS_FOLDED =
  'LIOBNs are not told apart, since a guest called with more than can be counted; the calls of every VM are counted all ' +
  'the same, and LIOBNs are told apart again once that guest has stopped';

function remark({ why }: Plan): string {
  return `the histograms are being made anew: ${why}; no call is lost by it`;
}
