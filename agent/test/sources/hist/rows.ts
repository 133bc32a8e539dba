/** Counters of a snapshot in a form in which tests can state them. */
import { formatLiobn, seriesRow } from '@tcewatch/protocol';
import type { Counter } from '@tcewatch/protocol';
import type { LedgerSnapshot } from '../../../src/ledger/state.js';

/** `entered vfa/178 0x80000000 H_STUFF_TCE`, with the LIOBN or the scope, to the value. */
export function rowsOf({ vms, series }: LedgerSnapshot, ...counters: Counter[]): Record<string, number> {
  const rows: Record<string, number> = {};
  for (let i = 0; i < series.length; i++) {
    const { vm, counter, hypercall, scope, liobn, value } = seriesRow(series, i);
    if (!counters.includes(counter)) continue;
    const { name, tgid } = vms[vm] ?? { name: '?', tgid: 0 };
    rows[`${counter} ${name}/${tgid} ${scope === 'one' ? formatLiobn(liobn) : scope} ${hypercall}`] = value;
  }
  return rows;
}
