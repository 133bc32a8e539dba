/** Time ranges: what they are called in an address, and what they ask of the collector. Pure. */

/** Seconds; null: all that is kept. Each ends when the host was last read. */
export const RANGES = {
  '15m': { words: '15 minutes', seconds: 900 },
  '1h': { words: '1 hour', seconds: 3600 },
  '6h': { words: '6 hours', seconds: 21_600 },
  '24h': { words: '24 hours', seconds: 86_400 },
  '7d': { words: '7 days', seconds: 604_800 },
  '30d': { words: '30 days', seconds: 2_592_000 },
  all: { words: 'since it started', seconds: null },
} as const;
export type RangeName = keyof typeof RANGES;

export function rangeOf(name: string | undefined): RangeName {
  return name !== undefined && Object.hasOwn(RANGES, name) ? (name as RangeName) : '1h';
}

/** Seconds that a step of a plot may have; each is whole in the next rollup that it could be read from. */
const STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 10_800, 21_600, 86_400, 604_800] as const;
/** No more can be told apart on a screen. */
const MAX_STEPS = 240;

export interface Window {
  /** Unix seconds, whole steps. */
  from: number;
  to: number;
  step: number;
}

/** Time to plot: not before the VM's start, and until its host was last read. */
export function windowOf(name: RangeName, started: string, readAt: string, intervalSeconds: number): Window {
  const end = Date.parse(readAt) / 1000;
  const start = Date.parse(started) / 1000;
  const { seconds } = RANGES[name];
  const begin = Math.min(end, seconds === null ? start : Math.max(start, end - seconds));
  // A step shorter than two readings would show gaps where there are none.
  const wanted = Math.max((end - begin) / MAX_STEPS, 2 * intervalSeconds);
  const step = STEPS.find((length) => length >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400;
  return { from: Math.floor(begin / step) * step, to: (Math.floor(end / step) + 1) * step, step };
}

/** The part of a question that names the time; all of it is asked for without. */
export function timeQuery(name: RangeName, { from, to }: Window): string {
  return name === 'all' ? '' : `from=${iso(from)}&to=${iso(to)}`;
}

export function stepsQuery({ from, to, step }: Window): string {
  return `from=${iso(from)}&to=${iso(to)}&step=${step}s`;
}

function iso(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}
