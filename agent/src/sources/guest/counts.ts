/** Cells of the hypercalls that a guest issued: from the histogram of powerpc:hcall_entry, or debugfs hcall_inst. */
import { hypercallName } from '@tcewatch/protocol';
import { HistError } from '../../tracefs/hist/trigger.js';
import { parseHist, pickHistogram } from '../../tracefs/hist/parse.js';
import type { Cell } from '../../model.js';
import { AgentError } from '../../errors.js';

/** Thread id that stands for all processors of the guest, which is the one VM of its readings. */
export const GUEST_THREAD = 0;

/** Parses the histogram. Throws AgentError `hist-malformed` that names `where` the text comes from. */
export function countsOfHist(text: string, where: string): Cell[] {
  try {
    const { rows } = pickHistogram(parseHist(text), ['opcode']);
    return rows.flatMap(({ keys, hitcount }) => cells(Number(keys[0]), hitcount));
  } catch (error) {
    if (!(error instanceof HistError)) throw error;
    throw new AgentError('hist-malformed', `${where}: ${error.message}`, { cause: error });
  }
}

/**
 * Parses the files hcall_inst/cpuN: lines of opcode, calls, and times in ticks, all decimal; opcodes without calls have
 * no line (arch/powerpc/platforms/pseries/hvCall_inst.c). Throws AgentError `hcall-inst-malformed`.
 */
export function countsOfInst(texts: ReadonlyMap<string, string>): Cell[] {
  const calls = new Map<number, number>();
  for (const [path, text] of texts) {
    text.split('\n').forEach((line, i) => {
      if (line.trim() === '') return;
      const [, opcode, count] = /^\s*(\d{1,10})\s+(\d{1,15})(\s+\d+)*\s*$/.exec(line) ?? [];
      if (opcode === undefined) {
        const found = JSON.stringify(line.slice(0, 80));
        throw new AgentError(
          'hcall-inst-malformed',
          `${path}, line ${i + 1}: expected opcode and calls, found ${found}`,
        );
      }
      calls.set(Number(opcode), (calls.get(Number(opcode)) ?? 0) + Number(count));
    });
  }
  return [...calls].flatMap(([opcode, count]) => cells(opcode, count));
}

/** Returns the cell of a hypercall; none for those that are not counted. */
function cells(opcode: number, calls: number): Cell[] {
  const hypercall = hypercallName(opcode);
  if (hypercall === undefined) return [];
  return [{ counter: 'issued', tid: GUEST_THREAD, hypercall, scope: 'all', liobn: 0n, calls }];
}
