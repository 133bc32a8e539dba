/** When to try again what failed, and when to try whether a guest that flooded the histogram has stopped. */
import type { EnterScope, Plan } from './plan.js';

const SECOND_NS = 1_000_000_000n;
/** Doubled each time that it was too short. */
const FIRST_PAUSE_NS = 600n * SECOND_NS;
const LONGEST_PAUSE_NS = 14_400n * SECOND_NS;
/** How long the histogram with LIOBNs has to bear the load before the one without them is given up. */
const TRIAL_NS = 60n * SECOND_NS;

export class Recovery {
  #pauseNs = FIRST_PAUSE_NS;
  /** When LIOBNs may be told apart again; unknown to an agent that finds them folded. */
  #healNs: bigint | undefined;
  #failed: { scope: EnterScope; untilNs: bigint } | undefined;

  /** What to do now, given what the histograms call for. */
  planAt(nowNs: bigint, scope: EnterScope, wanted: Plan | undefined, size: number): Plan | undefined {
    const plan = wanted ?? (scope === 'all' ? this.#healing(nowNs, size) : undefined);
    if (plan?.scope === this.#failed?.scope && nowNs < (this.#failed?.untilNs ?? 0n)) return undefined;
    return plan;
  }

  /** Uptime before which the new histogram is on trial, in nanoseconds. */
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
