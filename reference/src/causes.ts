/**
 * The generated parts of docs/reference/causes.md: what an alert says of each cause, and what the cause is known by.
 */
import { CAUSES } from '@tcewatch/collector';
import type { CauseRow } from '@tcewatch/collector';

/** What stands in the programs' plain texts and is code on a page. */
const CODE = /(?<![\w`])((?:KVM_)?CAP_\w+|RLIMIT_\w+|(?:hist|ring|host)\.\w+|<\w+>(?:<\w+>)?)(?![\w`])/g;

/** Every cause once, in the order of the tables: both alerts about a VM have the same. */
export function causeRows(): CauseRow[] {
  return Object.entries(CAUSES).flatMap(([alert, rows]) => (alert === 'TceNeverAccelerated' ? [] : rows));
}

/** Texts by code of the cause. */
export function causeTexts(): Map<string, string> {
  return new Map(
    causeRows().map(({ code, confidence, knownBy, summary, advice }) => [
      code,
      `${marked(summary)}\n\n- **Known by:** ${marked(knownBy)} (${confidence}).\n- **What to do:** ${marked(advice)}`,
    ]),
  );
}

function marked(text: string): string {
  return text.replaceAll(CODE, '`$1`');
}
