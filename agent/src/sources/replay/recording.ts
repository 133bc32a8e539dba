/**
 * The layout of a recording: snapshots of the histograms in `hist/NNNN`, copies of what an agent reads of the host in
 * `root-NAME`, the histograms after the end in `final`, and `timeline.txt`, which may be missing.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@tcewatch/protocol';
import { AgentError } from '../../errors.js';
import { readHost } from '../../proc/host.js';
import type { HostFacts } from '../../proc/host.js';
import { lookAt, problemsOf, text } from '../../proc/root-reader.js';
import { secondsToNs, uptimeNs } from '../../proc/stat.js';
import { sightVms } from '../../proc/vms.js';
import { ENTER_EVENT, EXIT_EVENT } from '../hist/counts.js';
import type { HistTexts } from '../hist/counts.js';
import type { Tree } from './vm-snapshots.js';

/** When each step of the timeline was, by what was done. */
export type Timeline = ReadonlyMap<string, Clock>;

/** The numbers of the snapshots, in order. Throws AgentError `recording-missing` when there are none. */
export async function listSnapshots(directory: string): Promise<string[]> {
  try {
    const names = (await readdir(join(directory, 'hist'))).filter((name) => /^\d+$/.test(name));
    if (names.length > 0) return names.sort((a, b) => Number(a) - Number(b));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(error, directory);
  }
  throw new AgentError(
    'recording-missing',
    `${directory} is no recording: it has no snapshots in hist/; give a directory that \`record\` made`,
  );
}

/** The directory of a snapshot of the histograms; `name` as {@link listSnapshots} has it. */
export function snapshotPath(recording: string, name: string): string {
  return join(recording, 'hist', name);
}

/** The directory of a copy of what an agent reads of the host. */
export function treePath(recording: string, name: string): string {
  return join(recording, `root-${name}`);
}

/** When the first and the last snapshot were taken. Throws SourceError. */
export async function recordedSpan(recording: string): Promise<{ first: Clock; last: Clock }> {
  const names = await listSnapshots(recording);
  const at = (name: string | undefined) => readClock(snapshotPath(recording, name ?? ''));
  return { first: await at(names[0]), last: await at(names.at(-1)) };
}

/** Reads both histograms of a snapshot. Exit is read before enter, as on a live host. */
export async function readTexts(directory: string): Promise<HistTexts> {
  try {
    const exit = await readFile(join(directory, `${EXIT_EVENT}.hist`), 'utf8');
    return { exit, enter: await readFile(join(directory, `${ENTER_EVENT}.hist`), 'utf8') };
  } catch (error) {
    throw unreadable(error, directory);
  }
}

/** `1795348509.058783433 7.21`: seconds since 1970 and since boot. */
export async function readClock(directory: string): Promise<Clock> {
  const path = join(directory, 'clock');
  const line = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(error, path);
  });
  const clock = parseClock(line.trim());
  if (!clock) throw new AgentError('recording-malformed', `${path} is no pair of times: ${JSON.stringify(line)}`);
  return clock;
}

/** Empty for a recording without one; lines that have no times are passed over. */
export async function readTimeline(directory: string): Promise<Timeline> {
  const lines = (await text(lookAt(directory), 'timeline.txt'))?.split('\n') ?? [];
  return new Map(
    lines.flatMap((line) => {
      const [, times = '', step = ''] = /^(\S+ \S+) (.*)$/.exec(line) ?? [];
      const clock = parseClock(times);
      return clock ? [[step, clock] as const] : [];
    }),
  );
}

/**
 * The host, by the first of its trees, and the trees in the order in which they were complete. Throws AgentError
 * `recording-malformed` for a tree without a time.
 */
export async function readTrees(directory: string, timeline: Timeline): Promise<{ host: HostFacts; trees: Tree[] }> {
  const looks = (await readdir(directory))
    .filter((name) => name.startsWith('root-'))
    .sort()
    .map((name) => ({ name, look: lookAt(join(directory, name)) }));
  // Without a tree, nothing is known of the host.
  const host = await readHost(looks[0]?.look ?? lookAt(join(directory, 'root-')));
  const trees: Tree[] = [];
  for (const { name, look } of looks) {
    const completeNs =
      timeline.get(`tree ${name.slice('root-'.length)}`)?.uptimeNs ?? uptimeNs((await text(look, 'proc/uptime')) ?? '');
    if (completeNs === undefined) {
      throw new AgentError(
        'recording-malformed',
        `${look.root} says neither in timeline.txt nor in proc/uptime when it was made`,
      );
    }
    const vms = (await sightVms(look, host, completeNs)) ?? [];
    trees.push({ completeNs, vms, problems: problemsOf(look) });
  }
  return { host, trees: trees.sort((a, b) => Number(a.completeNs - b.completeNs)) };
}

function parseClock(line: string): Clock | undefined {
  const [wall = '', uptime = '', ...more] = line.split(' ');
  const wallNs = secondsToNs(wall);
  const upNs = secondsToNs(uptime);
  return wallNs === undefined || upNs === undefined || more.length > 0 ? undefined : { wallNs, uptimeNs: upNs };
}

export function unreadable(error: unknown, path: string): AgentError {
  return new AgentError('recording-unreadable', `cannot read ${path}: ${(error as Error).message}`, { cause: error });
}
