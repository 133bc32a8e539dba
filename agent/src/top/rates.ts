/**
 * Calls per second of each VM by mode over the last minute, from successive batches. Pure: each batch makes a new
 * state.
 */
import { MODES } from '@tcewatch/protocol';
import type { Batch, Facts, Mode } from '@tcewatch/protocol';
import { vmFigures } from '../figures/figures.js';
import type { VmFigures } from '../figures/figures.js';

/** Age of the oldest rate that is kept. */
const KEPT_NS = 60_000_000_000n;

/** Calls by mode since the epoch began, or in a second. `null`: nobody can observe it. */
export type ByMode = Record<Mode, number | null>;

/** Calls per second between two readings. */
export interface Rate {
  uptimeNs: bigint;
  perSecond: ByMode;
}

export interface VmRates {
  name: string;
  uuid: string;
  running: boolean;
  /** Facts about the newest life. */
  facts: Facts | undefined;
  calls: ByMode;
  /** Rates, the oldest first; empty until a second reading of the epoch. */
  rates: readonly Rate[];
}

export interface RatesState {
  epoch: string | undefined;
  uptimeNs: bigint;
  host: string;
  kernel: string;
  vms: readonly VmRates[];
  problems: readonly string[];
}

export const NO_RATES: RatesState = { epoch: undefined, uptimeNs: 0n, host: '', kernel: '', vms: [], problems: [] };

/** Returns the state after a batch. VMs that have ended go once the last of their rates is a minute old. */
export function updateRates(state: RatesState, batch: Batch): RatesState {
  const { uptimeNs } = batch.clock;
  const same = state.epoch === batch.epoch;
  const seconds = Number(uptimeNs - state.uptimeNs) / 1e9;
  const vms = vmFigures([batch]).map((figures) => {
    const calls = callsByMode(figures);
    const before = state.vms.find(({ name, uuid }) => name === figures.vm && uuid === figures.uuid);
    const kept = before?.rates.filter((rate) => rate.uptimeNs > uptimeNs - KEPT_NS) ?? [];
    // A VM that was not there before has counted since it started, which is since the last reading.
    const since = before?.calls ?? { real: 0, virtual: 0, userspace: 0 };
    const rate = same && seconds > 0 ? [{ uptimeNs, perSecond: perSecond(calls, since, seconds) }] : [];
    const lives = batch.vms.filter(({ name, uuid }) => name === figures.vm && uuid === figures.uuid);
    const running = lives.find(({ ended }) => !ended);
    return {
      name: figures.vm,
      uuid: figures.uuid,
      running: running !== undefined,
      facts: (running ?? lives.at(-1))?.facts,
      calls,
      rates: [...kept, ...rate],
    };
  });
  return {
    epoch: batch.epoch,
    uptimeNs,
    host: batch.host.name,
    kernel: batch.host.kernel,
    vms: vms.filter(({ running, rates }) => running || rates.some(isBusy)),
    problems: batch.problems,
  };
}

/** Returns the newest rate; undefined while there is none. */
export function newest({ rates }: VmRates): ByMode | undefined {
  return rates.at(-1)?.perSecond;
}

/** Sums the calls per second of all modes that can be observed. */
export function visible(perSecond: ByMode | undefined): number {
  return MODES.reduce((sum, mode) => sum + (perSecond?.[mode] ?? 0), 0);
}

function isBusy({ perSecond }: Rate): boolean {
  return visible(perSecond) > 0;
}

/** Sums calls by mode over the four hypercalls; what is hidden of one of them is hidden of the sum. */
function callsByMode({ hypercalls }: VmFigures): ByMode {
  const sum = (mode: Mode) => {
    const calls = hypercalls.flatMap(({ modes }) => modes.filter((m) => m.mode === mode).map((m) => m.calls));
    return calls.includes(null) ? null : calls.reduce<number>((a, b) => a + (b ?? 0), 0);
  };
  return { real: sum('real'), virtual: sum('virtual'), userspace: sum('userspace') };
}

function perSecond(now: ByMode, before: ByMode, seconds: number): ByMode {
  const rate = (mode: Mode) => {
    const [a, b] = [now[mode], before[mode]];
    return a === null || b === null ? null : Math.max(0, a - b) / seconds;
  };
  return { real: rate('real'), virtual: rate('virtual'), userspace: rate('userspace') };
}
