/** What people see of a run: the verdict as a table, and a prompt for a look around. */
import { createInterface } from 'node:readline/promises';
import Table from 'cli-table3';
import type { Stored } from './collector.js';
import { isEqual, isRight } from './compare.js';
import type { Comparison, Pair } from './compare.js';
import type { Guest } from './guest.js';
import type { Host } from './host.js';

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

/** Gives a prompt: a line runs on the host, `NAME: line` in that guest. Resolves at the end of standard input. */
export async function prompt(host: Host, guests: readonly Guest[]): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: 'host# ' });
  lines.prompt();
  for await (const line of lines) {
    const [, name, rest = ''] = /^(\w+): (.*)$/.exec(line) ?? [];
    const guest = guests.find((one) => one.name === name);
    const answer = guest ? guest.shell.run(rest) : host.run(line);
    console.log(await answer.catch((error: unknown) => (error as Error).message));
    lines.prompt();
  }
}
