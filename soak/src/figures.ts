/** What running processes say of themselves: an agent's outbox by its metrics, memory by /proc. */
import { readFile } from 'node:fs/promises';

/** Counts of an agent since it was started. */
export interface OutboxFigures {
  delivered: number;
  thinned: number;
  discarded: number;
  rejected: number;
  unreadable: number;
  corrupt: number;
}

const NAMES: Readonly<Record<keyof OutboxFigures, string>> = {
  delivered: 'batches_delivered_total',
  thinned: 'batches_thinned_total',
  discarded: 'batches_discarded_total',
  rejected: 'batches_rejected_total',
  unreadable: 'batches_unreadable_total',
  corrupt: 'outbox_corrupt_files_total',
};
const ANSWER_MS = 2_000;

/** Reads the figures; undefined while the agent does not answer. */
export async function outboxFigures(url: string): Promise<OutboxFigures | undefined> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const text = await response.text();
    const figures = Object.entries(NAMES).map(([name, metric]) => [name, sumOf(text, `tcewatch_agent_${metric}`)]);
    return Object.fromEntries(figures) as Record<keyof OutboxFigures, number>;
  } catch {
    return undefined;
  }
}

/** Sums a metric over all labels. */
function sumOf(metrics: string, name: string): number {
  const sample = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm');
  return [...metrics.matchAll(sample)].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Reads the resident bytes; undefined when the process is gone. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
