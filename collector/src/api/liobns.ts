/**
 * Rows of a VM's LIOBNs to answers of the read API. Pure. A source that does not tell the LIOBN of a punt counts it under
 * the scope `all`, while the call that it was entered as is counted under its LIOBN. Then there are bounds for each LIOBN:
 * any of those punts may have been on it, or none.
 */
import { deriveModes, enteredEntries, formatLiobn } from '@tcewatch/protocol';
import type { ModeFigure } from '@tcewatch/protocol';
import type { z } from 'zod';
import type { LiobnRow, VmRow } from '../store/index.js';
import type { liobnBody } from './schemas.js';

const REASON = 'liobn-of-punts-unknown';

/** Rows of one VM. */
export function liobnAnswers(rows: readonly LiobnRow[], { evidence }: VmRow): z.infer<typeof liobnBody>[] {
  const untold = new Map(rows.map((row) => [row.hypercall, 0]));
  for (const row of rows) untold.set(row.hypercall, (untold.get(row.hypercall) ?? 0) + puntsOfOthers(row));
  return rows.map((row) => {
    const { scope, liobn, hypercall, counters } = row;
    const figures = deriveModes(hypercall, counters, evidence);
    const elsewhere = untold.get(hypercall) ?? 0;
    return {
      scope,
      liobn: scope === 'one' ? formatLiobn(liobn) : null,
      hypercall,
      modes: elsewhere > 0 ? figures.map((figure) => bounded(figure, row, elsewhere)) : figures,
      entries: enteredEntries(hypercall, counters),
    };
  });
}

/** Punts of calls that were entered under a LIOBN of their own. */
function puntsOfOthers({ scope, counters: { entered = 0, punted = 0 } }: LiobnRow): number {
  return scope === 'all' ? Math.max(0, punted - entered) : 0;
}

function bounded(figure: ModeFigure, { scope, counters }: LiobnRow, untold: number): ModeFigure {
  if (figure.evidence !== 'exact' || figure.mode === 'real') return figure;
  const punted = counters.punted ?? 0;
  // Where the kernel had no room to count all that entered, there can be more punts.
  const entered = Math.max(counters.entered ?? 0, punted);
  if (scope === 'all' && figure.mode === 'userspace') return { ...figure, calls: punted, entries: null };
  const calls = figure.mode === 'userspace' ? Math.min(entered, punted + untold) : entered - punted;
  return { ...figure, calls, entries: null, evidence: 'upper-bound', reason: REASON };
}
