/** What a guest counted itself: its kernel's histogram of powerpc:hcall_entry by opcode, as text. */
import { hypercallName } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import { LabError } from './errors.js';

/** TCE hypercalls that the guest issued since its histogram began. Throws LabError when the text is not whole. */
export function issuedCalls(text: string): Map<Hypercall, number> {
  const [, hits] = /^ +Hits: (\d+)$/m.exec(text) ?? [];
  const [, dropped] = /^ +Dropped: (\d+)$/m.exec(text) ?? [];
  const issued = new Map<Hypercall, number>();
  let sum = 0;
  for (const [, opcode, count] of text.matchAll(/^\{ opcode: +(\d+) \} hitcount: +(\d+)$/gm)) {
    sum += Number(count);
    const hypercall = hypercallName(Number(opcode));
    if (hypercall !== undefined) issued.set(hypercall, Number(count));
  }
  if (dropped !== '0' || sum !== Number(hits)) throw new LabError(`a guest's histogram is not whole:\n${text}`);
  return issued;
}
