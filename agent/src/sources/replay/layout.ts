/**
 * The layout of a recording, for who writes and who reads one:
 *
 * - `hist/NNNN/`: a snapshot of the histograms, one file for each event, and `clock`, when it was taken;
 * - `root-NAME/`: a tree, what an agent reads of the host besides, below its usual paths;
 * - `final/`: the histograms after the end, without a clock;
 * - `ring/`: the ring buffer, where one was recorded;
 * - `timeline.txt`: when each step was; may be missing.
 */
import { join } from 'node:path';
import type { Clock } from '@tcewatch/protocol';
import { secondsToNs } from '../../proc/stat.js';
import type { ENTER_EVENT, EXIT_EVENT } from '../hist/counts.js';

const TREE_PREFIX = 'root-';

/** The steps of the timeline besides {@link treeStep}: when recording began, and when the final histograms were read. */
export const BEGIN_STEP = 'begin';
export const END_STEP = 'end';

/** The directory of all snapshots of the histograms. */
export function snapshotsPath(recording: string): string {
  return join(recording, 'hist');
}

/** The directory of one snapshot of the histograms; `name` is its number as `listSnapshots` has it. */
export function snapshotPath(recording: string, name: string): string {
  return join(snapshotsPath(recording), name);
}

/** The directory of the histograms after the end. */
export function finalPath(recording: string): string {
  return join(recording, 'final');
}

/** The file of one histogram in the directory of a snapshot. */
export function histogramPath(snapshot: string, event: typeof ENTER_EVENT | typeof EXIT_EVENT): string {
  return join(snapshot, `${event}.hist`);
}

/** The file in the directory of a snapshot that says when it was taken. */
export function clockPath(snapshot: string): string {
  return join(snapshot, 'clock');
}

/** The directory of a tree: what an agent reads of the host besides histograms. */
export function treePath(recording: string, name: string): string {
  return join(recording, `${TREE_PREFIX}${name}`);
}

/** The names of the trees among the entries of a recording's directory, in order. */
export function treeNames(entries: readonly string[]): string[] {
  return entries
    .filter((entry) => entry.startsWith(TREE_PREFIX))
    .sort()
    .map((entry) => entry.slice(TREE_PREFIX.length));
}

/** The directory of the ring buffer. */
export function ringPath(recording: string): string {
  return join(recording, 'ring');
}

/** The file of the timeline. */
export function timelinePath(recording: string): string {
  return join(recording, 'timeline.txt');
}

/** The step of the timeline that completes a tree. */
export function treeStep(name: string): string {
  return `tree ${name}`;
}

/** Formats a clock as `1795348509.058783433 7.210000000`: seconds since 1970 and since boot. */
export function formatClock({ wallNs, uptimeNs }: Clock): string {
  return `${seconds(wallNs)} ${seconds(uptimeNs)}`;
}

/** Parses what {@link formatClock} gives; undefined for anything else. */
export function parseClock(text: string): Clock | undefined {
  const [wall = '', uptime = '', ...more] = text.split(' ');
  const wallNs = secondsToNs(wall);
  const uptimeNs = secondsToNs(uptime);
  return wallNs === undefined || uptimeNs === undefined || more.length > 0 ? undefined : { wallNs, uptimeNs };
}

/** Formats a line of the timeline: the time, then the step. */
export function formatStep(clock: Clock, step: string): string {
  return `${formatClock(clock)} ${step}`;
}

/** Parses a line of the timeline; undefined for one without times. */
export function parseStep(line: string): { step: string; clock: Clock } | undefined {
  const [, times = '', step = ''] = /^(\S+ \S+) (.*)$/.exec(line) ?? [];
  const clock = parseClock(times);
  return clock && { step, clock };
}

function seconds(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}
