/**
 * Counts TCE hypercalls in the text that the kernel makes of a ring buffer. It pairs each enter with the exit that
 * follows it on the same thread, and so owes nothing to how the agent counts.
 */
import { HYPERCALL_NAMES } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import { LabError } from './errors.js';

/** Calls of one thread and hypercall. */
export interface Calls {
  entered: number;
  punted: number;
}

/** Calls by thread id, then hypercall. */
export type CallsByThread = Map<number, Map<Hypercall, Calls>>;

export interface RingCount {
  calls: CallsByThread;
  /** What had been counted when a mark was written, by the mark's text. */
  marks: Map<string, CallsByThread>;
}

const LINE = /-(\d+) +\[\d+\] \S+ +[\d.]+: (\w+): (.*)$/;
const ENTER = /^VCPU \d+: hcall=(\w+) GPR4-7=/;
const EXIT = /^VCPU \d+: ret=(\w+) hcall_rc=/;
const MARK = /^lab: (.*)$/;
const TO_USERSPACE = new Set(['RESUME_HOST', 'RESUME_HOST_NV']);

/**
 * Counts what a ring buffer's text holds. Rejects with LabError naming the line when an event is not understood or has
 * no other half.
 */
export async function countRing(lines: AsyncIterable<string>): Promise<RingCount> {
  const calls: CallsByThread = new Map();
  const marks = new Map<string, CallsByThread>();
  const inKernel = new Map<number, Hypercall>();
  let number = 0;

  for await (const line of lines) {
    number++;
    if (line === '' || line.startsWith('#')) continue;
    const [, thread, event, text = ''] = LINE.exec(line) ?? [];
    const tid = Number(thread);
    const bad = (what: string): LabError => new LabError(`line ${number} of the ring buffer: ${what}: ${line}`);
    if (event === 'kvm_hcall_enter') {
      const hypercall = HYPERCALL_NAMES.find((name) => name === ENTER.exec(text)?.[1]);
      if (hypercall === undefined) throw bad('not a TCE hypercall');
      if (inKernel.has(tid)) throw bad('the call before has no exit');
      inKernel.set(tid, hypercall);
      callsOf(calls, tid, hypercall).entered++;
    } else if (event === 'kvm_hcall_exit') {
      const resume = EXIT.exec(text)?.[1];
      if (resume === undefined) throw bad('not understood');
      const hypercall = inKernel.get(tid);
      // Exits of all hypercalls are recorded; those without an enter are not TCE's.
      if (hypercall !== undefined && TO_USERSPACE.has(resume)) callsOf(calls, tid, hypercall).punted++;
      inKernel.delete(tid);
    } else if (event === 'tracing_mark_write') {
      const name = MARK.exec(text)?.[1];
      if (name !== undefined) marks.set(name, structuredClone(calls));
    } else {
      throw bad('not understood');
    }
  }
  if (inKernel.size > 0)
    throw new LabError(`the ring buffer ends inside a call of thread ${[...inKernel.keys()].join()}`);
  return { calls, marks };
}

function callsOf(calls: CallsByThread, tid: number, hypercall: Hypercall): Calls {
  const ofThread = calls.get(tid) ?? new Map<Hypercall, Calls>();
  const found = ofThread.get(hypercall) ?? { entered: 0, punted: 0 };
  calls.set(tid, ofThread.set(hypercall, found));
  return found;
}
