/**
 * Who speaks under the key of a host, and how far its clock is from the collector's: facts that are sums of nothing, only
 * smallest and largest values, so that late, repeated and reordered batches change none. Pure.
 */
import type { Batch } from '@tcewatch/protocol';
import type { Newest } from './boots.js';

/** One run of an agent within ten minutes of its host's clock. Times in nanoseconds. */
export interface HostRun {
  hostId: string;
  /** Beginning of the ten minutes, since 1970. */
  slotNs: bigint;
  bootId: string;
  run: string;
  name: string;
  /** Smallest and largest of wall clock less uptime: they differ where the clock was set. Since 1970. */
  bootedFirstNs: bigint;
  bootedLastNs: bigint;
  /** Uptime at the first and at the last reading. */
  uptimeFirstNs: bigint;
  uptimeLastNs: bigint;
  /** Smallest of the collector's clock at receipt less the host's clock at the reading. */
  delayNs: bigint;
}

export const SLOT_NS = 600_000_000_000n;
/** Readings of two runs that overlap by less are taken for an agent that was replaced. */
const OVERLAP_NS = 60_000_000_000n;

/** Row of the run that one batch tells of. */
export function runOf({ host, bootId, run, clock }: Batch, receivedNs: bigint): HostRun {
  const bootedNs = clock.wallNs - clock.uptimeNs;
  return {
    hostId: host.id,
    slotNs: clock.wallNs - (clock.wallNs % SLOT_NS),
    bootId,
    run,
    name: host.name,
    bootedFirstNs: bootedNs,
    bootedLastNs: bootedNs,
    uptimeFirstNs: clock.uptimeNs,
    uptimeLastNs: clock.uptimeNs,
    delayNs: receivedNs - clock.wallNs,
  };
}

/** Runs of one host that are remembered: they are named by senders. */
const MAX_RUNS = 16;

/** Adds what one more batch tells to the runs, and keeps those of the newest reading's slot and the one before. */
export function addRun(
  runs: readonly HostRun[],
  batch: Batch,
  receivedNs: bigint,
  { wallNs }: Pick<Newest, 'wallNs'>,
): HostRun[] {
  const run = runOf(batch, receivedNs);
  const place = runs.findIndex((known) => isSame(known, run));
  const all = place < 0 ? [...runs, run] : runs.with(place, mergeRuns(runs[place] ?? run, run));
  const oldestNs = wallNs - 2n * SLOT_NS;
  return all.filter(({ slotNs }) => slotNs > oldestNs && slotNs <= wallNs).slice(-MAX_RUNS);
}

/** Tells whether both rows are of the same run and ten minutes. */
function isSame(a: HostRun, b: HostRun): boolean {
  return a.slotNs === b.slotNs && a.run === b.run && a.bootId === b.bootId && a.hostId === b.hostId;
}

/** Key that is the same for rows of the same run and ten minutes. */
export function runKey({ hostId, slotNs, bootId, run }: HostRun): string {
  return `${slotNs} ${bootId} ${run} ${hostId}`;
}

/** Merges two rows of the same run. */
export function mergeRuns(a: HostRun, b: HostRun): HostRun {
  return {
    ...a,
    slotNs: larger(a.slotNs, b.slotNs),
    name: a.name > b.name ? a.name : b.name,
    bootedFirstNs: smaller(a.bootedFirstNs, b.bootedFirstNs),
    bootedLastNs: larger(a.bootedLastNs, b.bootedLastNs),
    uptimeFirstNs: smaller(a.uptimeFirstNs, b.uptimeFirstNs),
    uptimeLastNs: larger(a.uptimeLastNs, b.uptimeLastNs),
    delayNs: smaller(a.delayNs, b.delayNs),
  };
}

/**
 * The runs of one host that others overlap: hosts that claim one key, or agents that count one host. Empty for an agent
 * that was restarted, or a host that was: then one has ended before the other began.
 */
export function claimants(runs: readonly HostRun[]): HostRun[] {
  // Nearly always there is one, and every host is looked at for each scrape of the metrics.
  const [first] = runs;
  if (runs.every(({ bootId, run }) => bootId === first?.bootId && run === first.run)) return [];
  const whole = [...mergeRunsBy(runs, ({ bootId, run }) => `${bootId} ${run}`).values()];
  return whole.filter((a) => whole.some((b) => a !== b && overlapNs(a, b) > OVERLAP_NS));
}

/**
 * How far the host's clock is ahead of the collector's, in nanoseconds. What a reading took on its way makes it less: so it
 * is at least this, and a negative figure says that the clock is behind, or that no reading came fresh. Null without runs.
 */
export function clockAheadNs(runs: readonly HostRun[]): bigint | null {
  if (runs.length === 0) return null;
  return -runs.map(({ delayNs }) => delayNs).reduce(smaller);
}

/** Rows of the same key, merged; in the order in which keys are first met. */
export function mergeRunsBy(runs: readonly HostRun[], key: (run: HostRun) => string): Map<string, HostRun> {
  const gathered = new Map<string, HostRun>();
  for (const run of runs) {
    const known = gathered.get(key(run));
    gathered.set(key(run), known ? mergeRuns(known, run) : run);
  }
  return gathered;
}

/**
 * Nanoseconds for which both were read: by uptime within one boot, else by the wall clock, with every doubt against an
 * overlap.
 */
function overlapNs(a: HostRun, b: HostRun): bigint {
  const sameBoot = a.bootId === b.bootId;
  const first = (run: HostRun): bigint => run.uptimeFirstNs + (sameBoot ? 0n : run.bootedLastNs);
  const last = (run: HostRun): bigint => run.uptimeLastNs + (sameBoot ? 0n : run.bootedFirstNs);
  return smaller(last(a), last(b)) - larger(first(a), first(b));
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
