/**
 * Measures ways of doing the same thing in one run. Rounds alternate, so that what else the machine does falls on both;
 * medians are compared, so that one slow round says nothing.
 */

export interface Contender {
  /** Makes ready what a round needs; not measured. */
  prepare?(): void;
  /** Does the work once; resolves to how many units (rows, bytes) it did, or to what it timed itself. */
  run(): Promise<number | Timed> | number;
}

/** A part of a run that was measured by itself. */
export interface Timed {
  units: number;
  seconds: number;
}

export interface Comparison {
  /** Median units per second of each. */
  ours: number;
  other: number;
  /** ours / other. */
  ratio: number;
}

/** Runs both `rounds` times after one unmeasured round of each. */
export async function compare(ours: Contender, other: Contender, rounds: number): Promise<Comparison> {
  const result = await rates({ ours, other }, rounds);
  return { ...result, ratio: result.ours / result.other };
}

/** Median units per second of each, run `rounds` times in turns after one unmeasured round of each. */
export async function rates<Side extends string>(
  contenders: Readonly<Record<Side, Contender>>,
  rounds: number,
): Promise<Record<Side, number>> {
  const sides = Object.entries<Contender>(contenders).map(([side, contender]) => ({
    side,
    contender,
    measured: [] as number[],
  }));
  for (let round = -1; round < rounds; round++) {
    for (const { contender, measured } of sides) {
      contender.prepare?.();
      globalThis.gc?.();
      const start = process.hrtime.bigint();
      const done = await contender.run();
      const elapsed = Number(process.hrtime.bigint() - start) / 1e9;
      const { units, seconds } = typeof done === 'number' ? { units: done, seconds: elapsed } : done;
      if (round >= 0) measured.push(units / seconds);
    }
  }
  return Object.fromEntries(sides.map(({ side, measured }) => [side, median(measured)])) as Record<Side, number>;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
