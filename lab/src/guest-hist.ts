/** What a guest counted itself: its kernel's histogram of powerpc:hcall_entry by opcode, as text. */
import { hypercallName } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import { LabError } from './errors.js';

/** TCE hypercalls that the guest issued since its histogram began. Throws LabError when the text is not whole. */
export function issuedCalls(text: string): Map<Hypercall, number> {
  const [, entries] = /^ +Entries: (\d+)$/m.exec(text) ?? [];
  const [, dropped] = /^ +Dropped: (\d+)$/m.exec(text) ?? [];
  const rows = [...text.matchAll(/^\{ opcode: +(\d+) \} hitcount: +(\d+)$/gm)];
  // The sum of the rows says nothing: the kernel prints the total after them, and goes on counting meanwhile.
  if (dropped !== '0' || rows.length !== Number(entries))
    throw new LabError(`a guest's histogram is not whole:\n${text}`);
  return new Map(
    rows.flatMap(([, opcode, count]) => {
      const hypercall = hypercallName(Number(opcode));
      return hypercall === undefined ? [] : [[hypercall, Number(count)]];
    }),
  );
}
