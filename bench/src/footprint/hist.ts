/** Histograms as a kernel printed them, for a host with as many times the VMs. Pure. */

/** One histogram: the lines before the table, and its rows. */
export interface Printed {
  head: string;
  rows: Map<string, Row>;
}

interface Row {
  tid: number;
  /** The row's keys after the thread. */
  keys: string;
  calls: number;
  /** The sum of GPR7; absent where the trigger sums nothing. */
  sum: number | undefined;
}

const ROW = /^\{ common_pid: +(\d+), (.*) \} hitcount: +(\d+)(?: +gpr7: +(\d+))?$/;

export function parsePrinted(text: string): Printed {
  const rows = new Map<string, Row>();
  for (const line of text.split('\n')) {
    const [, tid = '', keys = '', calls, sum] = ROW.exec(line) ?? [];
    if (calls !== undefined) {
      const row = { tid: Number(tid), keys, calls: Number(calls), sum: sum === undefined ? undefined : Number(sum) };
      rows.set(`${tid} ${keys}`, row);
    }
  }
  return { head: /^(?:#.*\n)+\n/.exec(text)?.[0] ?? '', rows };
}

/**
 * Prints the text for copies of the threads, whose ids are `offset` apart: what `now` counted, and `rounds` times what
 * was counted by the end of a round.
 */
export function print(
  now: Printed,
  { copies, offset, rounds, end }: { copies: number; offset: number; rounds: number; end: Printed },
): string {
  const known = rounds > 0 ? end.rows : now.rows;
  const rows = [...known].map(([key, { tid, keys, calls, sum }]) => {
    const current = now.rows.get(key);
    return {
      tid,
      keys,
      calls: rounds === 0 ? calls : rounds * calls + (current?.calls ?? 0),
      sum: sum === undefined ? undefined : rounds === 0 ? sum : rounds * sum + (current?.sum ?? 0),
    };
  });
  const lines: string[] = [];
  for (let copy = 0; copy < copies; copy++) {
    for (const { tid, keys, calls, sum } of rows) {
      const sums = sum === undefined ? '' : `  gpr7: ${String(sum).padStart(10)}`;
      const id = String(tid + copy * offset).padStart(10);
      lines.push(`{ common_pid: ${id}, ${keys} } hitcount: ${String(calls).padStart(10)}${sums}\n`);
    }
  }
  const hits = copies * rows.reduce((all, { calls }) => all + calls, 0);
  return `${now.head}${lines.join('')}\nTotals:\n    Hits: ${hits}\n    Entries: ${lines.length}\n    Dropped: 0\n`;
}
