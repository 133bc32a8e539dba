/** Shows people what a soak has found out. */
import Table from 'cli-table3';
import { checksOf } from './verdict.js';
import type { SoakResult } from './verdict.js';

const SHOWN = 20;

export function report(result: SoakResult): string {
  const { comparison, outboxes, memory, outcomes, seed } = result;
  const { series, calls, differences } = comparison;
  const parts = [
    `${count(calls)} calls in ${count(series)} series; ${count(outboxes.delivered)} batches delivered and ` +
      `${count(outboxes.thinned)} thinned by full outboxes; ${outcomes.length} disturbances`,
    ...(memory
      ? [
          `${memory.process}: ${mib(memory.earlyBytes)} after its warm-up, ${mib(memory.lateBytes)} at the end of a life of ` +
            `${Math.round(memory.livedMs / 1000)} s; most of any collector ${mib(memory.mostBytes)}`,
        ]
      : []),
    ...(differences.length > 0 ? [differencesTable(differences)] : []),
    checksOf(result)
      .map(({ what, isRight, found }) => (isRight ? `right  ${what}` : `WRONG  ${what}: ${found}`))
      .join('\n'),
    isRight(result) ? 'All is as it must be.' : `Something is wrong; --seed ${seed} repeats load and schedule.`,
  ];
  return parts.join('\n\n');
}

export function isRight(result: SoakResult): boolean {
  return checksOf(result).every((check) => check.isRight);
}

function differencesTable(differences: SoakResult['comparison']['differences']): string {
  const table = new Table({
    head: ['series', 'generated', 'stored', 'difference'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { series, expected, stored } of differences.slice(0, SHOWN)) {
    table.push([series, count(expected), count(stored), count(stored - expected)]);
  }
  const more = differences.length - SHOWN;
  return more > 0 ? `${table.toString()}\nand ${more} more` : table.toString();
}

function count(value: number): string {
  return value.toLocaleString('en-GB');
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
