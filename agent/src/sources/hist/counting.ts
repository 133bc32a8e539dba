/** The histograms of a host over time: the instance that counts now, and the one that takes over from it. */
import { AgentError } from '../../errors.js';
import type { Cell, Handover, LatencyCell, VmSighting } from '../../model.js';
import type { HistCounts } from './counts.js';
import { Detail, removeDetails } from './detail.js';
import type { Counts } from './handover.js';
import { HIST_SPECS, histSpec } from './instance.js';
import type { HistSpec } from './instance.js';
import { planFor, RetryPolicy } from './plan.js';
import type { Plan } from './plan.js';
import { HandoverReader, readCounts } from './handover-reader.js';
import { makeInstance, openInstance, removeInstance } from '../../tracefs/instances.js';
import type { Instance, Place } from '../../tracefs/instances.js';

/** Counts of the kernel by now; instances are named by the uptime at which they were made, in nanoseconds. */
export interface Counted extends Counts {
  madeNs: bigint;
  /** Punted calls whose LIOBN is known, counted separately. */
  punts: readonly Cell[];
  latencies?: LatencyCell[];
  /** Handover to the instance that counts from here on; present only when another does. */
  handover?: Pick<Handover, 'cells' | 'seen'> & { madeNs: bigint };
  /** Problems in words for the operator. */
  problems: string[];
}

type PlainCounted = Omit<Counted, 'punts' | 'latencies'>;

/** Place of the histograms, and whether there is detail besides. */
export interface CountingOptions extends Place {
  detail: boolean;
}

export class HistCounter {
  readonly #recovery = new RetryPolicy();
  #takeover: HandoverReader | undefined;
  /** Instance that has handed over, kept until the next reading: by then the ledger has kept what it counted. */
  #leaving: { instance: Instance<HistSpec>; detail: Detail | undefined } | undefined;
  /** Counts that were read last, where no other instance takes over. */
  #alone: HistCounts | undefined;

  private constructor(
    private readonly options: CountingOptions,
    private instance: Instance<HistSpec>,
    /** Detail of the instance. */
    private detail: Detail | undefined,
    /** Problems with what is left of other instances. */
    private leftovers: readonly string[],
  ) {}

  /** Resumes the instance that is known, else makes one. Throws AgentError. */
  static async open(
    options: CountingOptions,
    nowNs: bigint,
    isKnown: (madeNs: bigint) => boolean,
  ): Promise<HistCounter> {
    const { instance, problems } = await openInstance({ ...options, kinds: HIST_SPECS, nowNs }, (found) =>
      isKnown(found.madeNs),
    );
    const { madeNs } = instance;
    const adopted = options.detail ? await Detail.adopt(options, madeNs) : undefined;
    const left = await removeDetails(options, madeNs, adopted !== undefined);
    const isNew = madeNs === nowNs;
    const detail = adopted ?? (options.detail && isNew ? await Detail.make(options, madeNs) : undefined);
    return new HistCounter(options, instance, detail, [...problems, ...left]);
  }

  /**
   * Reads what is counted: latencies first and LIOBNs of punts last. So there are never more calls timed than counted,
   * and a punted call whose LIOBN is not known by then is one that the kernel could not pair. Throws AgentError.
   */
  async count(nowNs: bigint): Promise<Counted> {
    await this.#leave();
    const { detail, instance } = this;
    const latencies = await detail?.latencies();
    const counted = this.#takeover ? await this.#follow(this.#takeover, nowNs) : await this.#count();
    const punts = instance.kind.scope === 'one' ? await detail?.liobns() : undefined;
    const problems = [...counted.problems, ...(detail?.problems ?? [])];
    return { ...counted, punts: punts ?? [], ...(latencies && { latencies }), problems };
  }

  /** Closes the instance; the kernel goes on counting. */
  async close(): Promise<void> {
    for (const instance of [this.instance, this.#takeover?.taker, this.#leaving?.instance]) {
      await instance?.hold.close();
    }
  }

  async #leave(): Promise<void> {
    if (!this.#leaving) return;
    const { instance, detail } = this.#leaving;
    this.#leaving = undefined;
    this.leftovers = [...this.leftovers, ...((await detail?.remove()) ?? []), ...(await this.#remove(instance))];
  }

  async #count(): Promise<PlainCounted> {
    this.#alone = await readCounts(this.options.tracefs, this.instance);
    return this.#counted(this.#alone, []);
  }

  async #follow(takeover: HandoverReader, nowNs: bigint): Promise<PlainCounted> {
    const { taker, plan } = takeover;
    const step = await takeover.step(nowNs);
    if (step.is === 'waiting') return this.#counted(step.old, [remark(plan)]);
    this.#takeover = undefined;
    if (step.is === 'failed') {
      this.#recovery.failed(nowNs, plan);
      const left = await this.#remove(taker);
      return this.#counted(step.old, [`the histograms were not replaced (${plan.why}): ${step.why}`, ...left]);
    }
    this.#recovery.done(nowNs, plan);
    const { handover, ...last } = step.last;
    const counted = { ...this.#counted(last, []), handover: { ...handover, madeNs: taker.madeNs } };
    this.#leaving = { instance: this.instance, detail: this.detail };
    this.instance = taker;
    this.detail = this.options.detail
      ? await Detail.make({ ...this.options, size: plan.size }, taker.madeNs)
      : undefined;
    return counted;
  }

  /** Replaces the histograms if what was read calls for it; returns what to say of that. */
  async keepRoom(nowNs: bigint, vms: readonly VmSighting[] | undefined): Promise<string[]> {
    const { instance: old, options } = this;
    const { scope } = old.kind;
    const before = this.#alone;
    this.#alone = undefined;
    if (!before) return [];
    const { tables, cells } = before;
    const use = { scope, tables, detail: this.detail?.tables ?? [], cells, vms, wantedSize: options.size };
    const wanted = planFor(use) ?? this.#planForDetail(before);
    const plan = this.#recovery.planAt(nowNs, scope, wanted, options.size);
    if (!plan) return [];
    let taker: Instance<HistSpec> | undefined;
    try {
      taker = await makeInstance({ ...options, kind: histSpec(plan.scope), size: plan.size, nowNs });
      const trialEndsNs = this.#recovery.trialEndsNs(nowNs, scope, plan);
      this.#takeover = await HandoverReader.begin({ tracefs: options.tracefs, old, before, taker, plan, trialEndsNs });
      return [remark(plan)];
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      this.#recovery.failed(nowNs, plan);
      const left = taker ? await this.#remove(taker) : [];
      return [`the histograms cannot be replaced (${plan.why}): ${error.message}`, ...left];
    }
  }

  /** Plans new histograms where detail is asked for and missing: it begins with an epoch. */
  #planForDetail({ tables }: HistCounts): Plan | undefined {
    if (!this.options.detail || this.detail) return undefined;
    const size = Math.max(this.options.size, ...tables.map((table) => table.size));
    return { scope: this.instance.kind.scope, size, why: 'hist.detail is on now' };
  }

  #remove(instance: Instance<HistSpec>): Promise<string[]> {
    return removeInstance(this.options.tracefs, instance);
  }

  #counted({ cells, accounts }: Counts, problems: readonly string[]): PlainCounted {
    const { madeNs, kind } = this.instance;
    const folded = kind.scope === 'all' ? [LIOBNS_FOLDED] : [];
    return { madeNs, cells, accounts, problems: [...this.leftovers, ...problems, ...folded] };
  }
}

const LIOBNS_FOLDED =
  'LIOBNs are not told apart, since a guest called with more than can be counted; the calls of every VM are counted all ' +
  'the same, and LIOBNs are told apart again once that guest has stopped';

function remark({ why }: Plan): string {
  return `the histograms are being replaced: ${why}; no call is lost by it`;
}
