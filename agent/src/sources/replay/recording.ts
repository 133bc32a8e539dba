/** Reads the files of a recording, which lie as layout.ts says. */
import { readFile, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Clock } from '@tcewatch/protocol';
import { AgentError } from '../../errors.js';
import { readHost } from '../../proc/host.js';
import type { HostFacts } from '../../proc/host.js';
import { openRoot, problemsOf, text } from '../../proc/root-reader.js';
import { uptimeNs } from '../../proc/stat.js';
import { sightVms } from '../../proc/vms.js';
import { ENTER_EVENT, EXIT_EVENT } from '../hist/counts.js';
import type { HistTexts } from '../hist/counts.js';
import {
  clockPath,
  histogramPath,
  parseClock,
  parseStep,
  snapshotPath,
  snapshotsPath,
  timelinePath,
  treeNames,
  treePath,
  treeStep,
} from './layout.js';
import type { VmSnapshot } from './vm-snapshots.js';

/** The time of each step of a recording, by its name (layout.ts). */
export type Timeline = ReadonlyMap<string, Clock>;

/** Lists the numbers of the snapshots, in order. Throws AgentError `recording-missing` when there are none. */
export async function listSnapshots(directory: string): Promise<string[]> {
  try {
    const names = (await readdir(snapshotsPath(directory))).filter((name) => /^\d+$/.test(name));
    if (names.length > 0) return names.sort((a, b) => Number(a) - Number(b));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(error, directory);
  }
  throw new AgentError(
    'recording-missing',
    `${directory} is no recording: it has no snapshots in hist/; give a directory that \`record\` made`,
  );
}

/** Reads when the first and the last snapshot were taken. Throws AgentError. */
export async function recordedSpan(recording: string): Promise<{ first: Clock; last: Clock }> {
  const names = await listSnapshots(recording);
  const at = (name: string | undefined) => readClock(snapshotPath(recording, name ?? ''));
  return { first: await at(names[0]), last: await at(names.at(-1)) };
}

/** Reads both histograms of a snapshot. Exit is read before enter, as on a live host. */
export async function readTexts(directory: string): Promise<HistTexts> {
  try {
    const exit = await readFile(histogramPath(directory, EXIT_EVENT), 'utf8');
    return { exit, enter: await readFile(histogramPath(directory, ENTER_EVENT), 'utf8') };
  } catch (error) {
    throw unreadable(error, directory);
  }
}

/** Reads when a snapshot was taken; `directory` is that of the snapshot. */
export async function readClock(directory: string): Promise<Clock> {
  const path = clockPath(directory);
  const line = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(error, path);
  });
  const clock = parseClock(line.trim());
  if (!clock) throw new AgentError('recording-malformed', `${path} is no pair of times: ${JSON.stringify(line)}`);
  return clock;
}

/** Reads the timeline; empty for a recording without one. Lines that have no times are passed over. */
export async function readTimeline(directory: string): Promise<Timeline> {
  const lines = (await text(openRoot(directory), basename(timelinePath(directory))))?.split('\n') ?? [];
  return new Map(
    lines.flatMap((line) => {
      const parsed = parseStep(line);
      return parsed ? [[parsed.step, parsed.clock] as const] : [];
    }),
  );
}

/**
 * Reads the host as its first tree shows it, and all trees in the order in which they were complete. Throws AgentError
 * `recording-malformed` for a tree without a time.
 */
export async function readTrees(
  directory: string,
  timeline: Timeline,
): Promise<{ host: HostFacts; trees: VmSnapshot[] }> {
  const readers = treeNames(await readdir(directory)).map((name) => ({
    name,
    reader: openRoot(treePath(directory, name)),
  }));
  // Without a tree, nothing is known of the host.
  const host = await readHost(readers[0]?.reader ?? openRoot(treePath(directory, '')));
  const trees: VmSnapshot[] = [];
  for (const { name, reader } of readers) {
    const completeNs = timeline.get(treeStep(name))?.uptimeNs ?? uptimeNs((await text(reader, 'proc/uptime')) ?? '');
    if (completeNs === undefined) {
      throw new AgentError(
        'recording-malformed',
        `${reader.root} says neither in timeline.txt nor in proc/uptime when it was made`,
      );
    }
    const vms = (await sightVms(reader, host, completeNs)) ?? [];
    trees.push({ completeNs, vms, problems: problemsOf(reader) });
  }
  return { host, trees: trees.sort((a, b) => Number(a.completeNs - b.completeNs)) };
}

/** The error for a file of a recording that cannot be read. */
export function unreadable(error: unknown, path: string): AgentError {
  return new AgentError('recording-unreadable', `cannot read ${path}: ${(error as Error).message}`, { cause: error });
}
