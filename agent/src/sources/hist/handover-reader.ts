/**
 * Replaces a histogram while the old one still counts: reads both, around each other, until handover.ts knows how they
 * compare.
 */
import { countsOf } from './counts.js';
import type { HistCounts } from './counts.js';
import { areCallsSettled, areLossesSettled, beginOffsets, handOver, narrow, withLossesOf } from './handover.js';
import type { LastCounts, Offsets } from './handover.js';
import { floodingVm, isCrowded } from './plan.js';
import type { Plan } from './plan.js';
import { AgentError } from '../../errors.js';
import { readInstance } from './instance.js';
import type { HistSpec } from './instance.js';
import type { Instance } from '../../tracefs/instances.js';
import type { Tracefs } from '../../tracefs/tracefs.js';

/** Times that both are read at each reading: a busy thread needs many to be seen at rest. */
const ROUNDS = 8;
/** Readings for which to wait for the exact number of calls that the old histogram lost. */
const PATIENCE = 30;

export type Step =
  | { is: 'waiting'; old: HistCounts }
  | { is: 'failed'; old: HistCounts; why: string }
  | { is: 'done'; last: LastCounts };

/** Reads the counts of an instance. Throws AgentError. */
export async function readCounts(
  tracefs: Tracefs,
  { directory, kind }: Pick<Instance<HistSpec>, 'directory' | 'kind'>,
): Promise<HistCounts> {
  const counts = countsOf(await readInstance(tracefs, directory), directory, kind.scope);
  const paused = counts.tables.find(({ isPaused }) => isPaused);
  if (!paused) return counts;
  throw new AgentError(
    'trigger-paused',
    `somebody paused the hist trigger on ${paused.event} in ${directory}: it is set going again, and what was not counted ` +
      'meanwhile is lost; leave tracefs instances that are named tcewatch-* alone',
  );
}

export class HandoverReader {
  #offsets: Offsets;
  #steps = 0;
  #settledBefore = false;

  private constructor(
    private readonly tracefs: Tracefs,
    private readonly old: Instance<HistSpec>,
    readonly taker: Instance<HistSpec>,
    readonly plan: Plan,
    /**
     * Uptime before which the handover does not end, in nanoseconds: time for the taker to show that it bears the load.
     */
    private readonly trialEndsNs: bigint,
    offsets: Offsets,
  ) {
    this.#offsets = offsets;
  }

  /** Makes the taker. `before`: the counts of the old one before that. */
  static async begin(parts: {
    tracefs: Tracefs;
    old: Instance<HistSpec>;
    before: HistCounts;
    taker: Instance<HistSpec>;
    plan: Plan;
    trialEndsNs: bigint;
  }): Promise<HandoverReader> {
    const { tracefs, old, before, taker, plan, trialEndsNs } = parts;
    const byLiobn = old.kind.scope === 'one' && taker.kind.scope === 'one';
    return new HandoverReader(
      tracefs,
      old,
      taker,
      plan,
      trialEndsNs,
      beginOffsets(before, await readCounts(tracefs, old), byLiobn),
    );
  }

  /** Does the work of one reading; `nowNs` is the uptime. */
  async step(nowNs: bigint): Promise<Step> {
    let old = await readCounts(this.tracefs, this.old);
    let taken = await readCounts(this.tracefs, this.taker);
    let after = await readCounts(this.tracefs, this.old);
    this.#offsets = narrow(this.#offsets, old, taken, after);
    for (let round = 1; round < ROUNDS; round++) {
      old = after;
      taken = await readCounts(this.tracefs, this.taker);
      after = await readCounts(this.tracefs, this.old);
      this.#offsets = narrow(this.#offsets, old, taken, after);
    }
    this.#steps++;
    const counted = { ...old, accounts: withLossesOf(this.#offsets, old.accounts) };
    const why = this.#whyNot(taken);
    if (why !== undefined) return { is: 'failed', old: counted, why };
    const isExact = !isDropping(old) || areLossesSettled(this.#offsets) || this.#steps >= PATIENCE;
    const settled = areCallsSettled(this.#offsets) && isExact;
    const ripe = settled && this.#settledBefore;
    this.#settledBefore = settled;
    if (!ripe || nowNs < this.trialEndsNs) return { is: 'waiting', old: counted };
    const handed = handOver(this.#offsets, old, taken);
    return handed
      ? { is: 'done', last: handed }
      : { is: 'failed', old: counted, why: 'its counts contradict the old ones' };
  }

  #whyNot({ cells, tables }: HistCounts): string | undefined {
    if (tables.some(isCrowded)) return 'it fills up as well';
    const flooding = floodingVm({ cells, tables, vms: undefined });
    return flooding === undefined ? undefined : `${flooding} still calls with too many LIOBNs`;
  }
}

function isDropping({ tables }: HistCounts): boolean {
  return tables.some(({ dropped }) => dropped > 0);
}
