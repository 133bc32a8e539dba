/** What is disturbed when: a pure function of the seed. */
import { diceOf } from './random.js';

export const DISTURBANCES = [
  'kill-agent',
  'kill-collector',
  'kill-clickhouse',
  'kill-engine',
  'kill-broker',
  'stop-broker',
  'cut-network',
  'fill-outboxes',
  'repeat-topic',
] as const;
export type DisturbanceKind = (typeof DISTURBANCES)[number];

export interface Disturbance {
  kind: DisturbanceKind;
  /** The time since the load began. */
  atMs: number;
  /** Which agent, collector or broker, from 0; which {@link CUTS way} the network is cut. */
  target: number;
  /** The time until it is mended. What is to take effect first may last longer. */
  lastsMs: number;
  /** The seed of choices that are made while it lasts. */
  seed: number;
}

export interface ScheduleSpec {
  seed: number;
  durationMs: number;
  agents: number;
  collectors: number;
  brokers: number;
}

/**
 * The ways to cut the network: nothing comes through; requests arrive and answers do not; what is connected falls
 * silent for ever.
 */
export const CUTS = ['all', 'answers', 'freeze'] as const;

/** The time for which there is about one disturbance; there is each kind at least once. */
const APART_MS = 10_000;
/** Share of the time in which disturbances begin. */
const DISTURBED = 0.85;
const LONGEST_MS = 12_000;
const LARGEST_SEED = 2 ** 31 - 1;

/**
 * Makes the schedule, in order of time. The first collector is left alone after a third of the time: its memory is
 * watched from then on, which takes a process that lives.
 */
export function scheduleOf({ seed, durationMs, agents, collectors, brokers }: ScheduleSpec): Disturbance[] {
  const dice = diceOf(seed);
  const rounds = Math.max(1, Math.round(durationMs / APART_MS / DISTURBANCES.length));
  const kinds = Array.from({ length: rounds }, () => dice.shuffled(DISTURBANCES)).flat();
  const slotMs = (durationMs * DISTURBED) / kinds.length;
  return kinds.map((kind, i): Disturbance => {
    const atMs = Math.floor((i + dice.real(0, 1)) * slotMs);
    const among = { 'kill-agent': agents, 'kill-collector': collectors, 'cut-network': CUTS.length }[kind as string];
    const most = among ?? (kind === 'kill-broker' || kind === 'stop-broker' ? brokers : 1);
    const least = kind === 'kill-collector' && atMs > durationMs / 3 ? 1 : 0;
    const lastsMs = dice.int(0, Math.min(LONGEST_MS, Math.floor(durationMs / 10)));
    return { kind, atMs, target: dice.int(least, most - 1), lastsMs, seed: dice.int(0, LARGEST_SEED) };
  });
}
