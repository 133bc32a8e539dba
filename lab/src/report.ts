/** The verdict as a table for people. */
import Table from 'cli-table3';
import type { Stored } from './collector.js';
import { isEqual, isRight } from './compare.js';
import type { Comparison, Pair } from './compare.js';

export function report(comparison: Comparison, alerts: Stored['alerts']): string {
  const table = new Table({
    head: ['VM', 'hypercall', 'virtual', 'ring', 'userspace', 'ring', 'issued', 'ring', ''],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { vm, hypercall, virtual, userspace, issued } of comparison.rows) {
    const pairs = [virtual, userspace, issued];
    table.push([vm, hypercall, ...pairs.flatMap(figures), pairs.every(isEqual) ? 'equal' : 'DIFFERENT']);
  }
  return [
    'virtual, userspace: in ClickHouse; issued: what the guest itself counted while it was watched; ring: the same in a ring',
    "buffer over the whole time, counted from the kernel's text",
    table.toString(),
    ...alerts.map(
      ({ alert, state, host, vm, cause }) => `alert ${alert} of ${(vm ?? host).name} (${state}): ${cause.summary}`,
    ),
    ...comparison.faults.map((fault) => `wrong: ${fault}`),
    isRight(comparison) ? 'All figures are equal to the call.' : 'The figures are not right.',
  ].join('\n');
}

function figures({ first, second }: Pair): [string, string] {
  return [first === null ? 'unknown' : first.toLocaleString('en-GB'), second.toLocaleString('en-GB')];
}
