/** What must be true at the end of a soak. Pure. */
import type { Comparison } from './compare.js';
import type { Outcome } from './disturb.js';
import type { MemoryVerdict } from './memory.js';
import type { Watched } from './watch.js';

export interface SoakResult {
  seed: number;
  outcomes: readonly Outcome[];
  comparison: Comparison;
  memory: MemoryVerdict | undefined;
  outboxes: Watched['outboxes'];
  deadLetters: number;
  /** Parts that ended by themselves, and what was not drained in time. */
  troubles: readonly string[];
}

export interface Check {
  what: string;
  isRight: boolean;
  /** What it was instead. */
  found: string;
}

export function checksOf({ outcomes, comparison, memory, outboxes, deadLetters, troubles }: SoakResult): Check[] {
  const { series, differences } = comparison;
  const failed = outcomes.flatMap(({ kind, failure }) => (failure === undefined ? [] : [`${kind}: ${failure}`]));
  const losses = {
    discarded: outboxes.discarded,
    rejected: outboxes.rejected,
    damaged: outboxes.corrupt + outboxes.unreadable,
  };
  const lost = Object.entries(losses).flatMap(([how, batches]) => (batches > 0 ? [`${batches} ${how}`] : []));
  return [
    {
      what: 'each series in ClickHouse is equal to what was generated, to the call, and nothing is declared lost',
      isRight: differences.length === 0 && series > 0,
      found: `${differences.length} of ${series} series differ`,
    },
    { what: 'no batch was given up by an agent', isRight: lost.length === 0, found: lost.join(', ') },
    { what: 'no batch was set aside as a dead letter', isRight: deadLetters === 0, found: `${deadLetters} were` },
    {
      what: 'all that was delivered was stored, and nothing ended by itself',
      isRight: troubles.length === 0,
      found: troubles.join('; '),
    },
    { what: 'each disturbance took effect', isRight: failed.length === 0, found: failed.join('; ') },
    {
      what: 'the memory of the collectors stayed flat',
      isRight: memory?.isFlat === true,
      found: memory ? 'it grew' : 'no collector lived long enough to tell',
    },
  ];
}
