/** Counts of a VM in each step of a range: a plot. */
import type { Counter, CounterValues, Hypercall } from '@tcewatch/protocol';
import { HYPERCALL_NAMES } from '@tcewatch/protocol';
import { StoreError } from '../../model.js';
import type { ClickHouse } from '../client.js';
import type { StepRow } from '../types.js';
import { READINGS, about, cumulative, instant } from './cumulative.js';

export interface StepQuestion {
  life: string;
  fromNs: bigint;
  toNs: bigint;
  stepNs: bigint;
}

const SECOND_NS = 1_000_000_000n;
const MAX_STEPS = 10_000n;

/** Rows of readings, or a rollup of them; `ns` is the beginning of its bucket. A bucket must lie within one step. */
export interface StepSource {
  bucketNs: bigint;
  table: string;
  ns: string;
  time: string;
}

/** The coarsest first. */
export const STEP_SOURCES = [
  {
    bucketNs: 3600n * SECOND_NS,
    table: 'readings_hour',
    ns: 'toInt64(toUnixTimestamp(hour)) * 1000000000',
    time: 'hour',
  },
  {
    bucketNs: 60n * SECOND_NS,
    table: 'readings_minute',
    ns: 'toInt64(toUnixTimestamp(minute)) * 1000000000',
    time: 'minute',
  },
  { bucketNs: 1n, table: 'readings', ns: 'toUnixTimestamp64Nano(at)', time: 'at' },
] as const satisfies readonly StepSource[];

/** Every step from that of `fromNs` to that before `toNs`, for every hypercall that was ever counted by then. */
export async function selectSteps(clickhouse: ClickHouse, question: StepQuestion): Promise<StepRow[]> {
  const { life, stepNs } = question;
  if (stepNs < SECOND_NS || stepNs % SECOND_NS !== 0n) {
    throw new StoreError(`a step of ${stepNs} ns is no whole number of seconds`, false);
  }
  const first = question.fromNs / stepNs;
  const end = (question.toNs + stepNs - 1n) / stepNs;
  if (end - first > MAX_STEPS) {
    throw new StoreError(`the range has ${end - first} steps, at most ${MAX_STEPS} can be asked for`, false);
  }
  const where = about({ life });
  const parameters = { ...where.parameters, step: stepNs, from: first * stepNs, to: end * stepNs };
  const [increases, readSteps] = await Promise.all([
    clickhouse.select<Increase>('cannot read counts by step', increasesSql(stepNs, where.sql), parameters),
    clickhouse.select<{ step: string }>('cannot read when the host was read', READ_STEPS, parameters),
  ]);
  return layOut(increases, new Set(readSteps.map(({ step }) => step)), { first, end, stepNs });
}

interface Increase {
  /** Number of the step since 1970; -1 for what was counted before the range. */
  step: string;
  hypercall: Hypercall;
  counter: Counter;
  increase: string;
}

const READ_STEPS = `
  SELECT DISTINCT intDiv(toUnixTimestamp64Nano(at), {step:Int64}) AS step
  FROM host_readings
  WHERE host IN (SELECT host FROM vms WHERE life = {life:UUID})
    AND at >= fromUnixTimestamp64Nano({from:Int64}, 'UTC') AND at < fromUnixTimestamp64Nano({to:Int64}, 'UTC')`;

function increasesSql(stepNs: bigint, where: string): string {
  const source = STEP_SOURCES.find(({ bucketNs }) => stepNs % bucketNs === 0n) ?? STEP_SOURCES[2];
  const range = { from: instant('from'), to: instant('to'), stepNs: '{step:Int64}' };
  return stepIncreases({ range, where, by: 'hypercall', sources: [{ ...source, when: 'true' }] });
}

/** Expressions: instants of type DateTime64(9), the first of them a multiple of the step, and its Int64 nanoseconds. */
export interface StepRange {
  from: string;
  to: string;
  stepNs: string;
}

export interface StepIncreases {
  range: StepRange;
  where: string;
  /** Columns that rows are told apart by, beside the counter. */
  by: string;
  /** Where to read; of several the conditions `when`, which are constant, leave one. */
  sources: readonly (StepSource & { when: string })[];
}

/**
 * SELECT step, by, counter, increase. Each step's largest value less the largest of all steps before it: values carry
 * forward, gaps add nothing. Step -1 is what was counted before the range.
 */
export function stepIncreases({ range: { from, to, stepNs }, where, by, sources }: StepIncreases): string {
  const steps = sources.map(
    ({ table, ns, time, when }) => `
        SELECT ${READINGS.series}, intDiv(${ns}, ${stepNs}) AS step, max(value) AS reached
        FROM ${table}
        WHERE ${when} AND ${time} >= ${from} AND ${time} < ${to} AND ${where}
        GROUP BY ${READINGS.series}, step`,
  );
  return `
    SELECT step, ${by}, counter, sum(if(reached > before, reached - before, 0)) AS increase
    FROM (
      SELECT *, max(reached) OVER (
        PARTITION BY ${READINGS.series} ORDER BY step ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS before
      FROM (
        SELECT ${READINGS.series}, toInt64(-1) AS step, reached FROM (${cumulative(READINGS, from, where)})
        UNION ALL ${steps.join('\n        UNION ALL')}
      )
    )
    GROUP BY step, ${by}, counter`;
}

/** Rows for all steps, those without an increase too. */
function layOut(
  increases: readonly Increase[],
  readSteps: ReadonlySet<string>,
  { first, end, stepNs }: { first: bigint; end: bigint; stepNs: bigint },
): StepRow[] {
  const counted = new Map<Hypercall, Set<Counter>>();
  const gained = new Map<string, CounterValues>();
  for (const { step, hypercall, counter, increase } of increases) {
    counted.set(hypercall, (counted.get(hypercall) ?? new Set()).add(counter));
    const key = `${step} ${hypercall}`;
    gained.set(key, { ...gained.get(key), [counter]: Number(increase) });
  }
  const rows: StepRow[] = [];
  for (let step = first; step < end; step++) {
    for (const hypercall of HYPERCALL_NAMES) {
      const counters = counted.get(hypercall);
      if (!counters) continue;
      const nothing: CounterValues = Object.fromEntries([...counters].map((counter) => [counter, 0]));
      const gain = gained.get(`${step} ${hypercall}`);
      rows.push({
        atNs: step * stepNs,
        hypercall,
        counters: { ...nothing, ...gain },
        read: gain !== undefined || readSteps.has(String(step)),
      });
    }
  }
  return rows;
}
