/**
 * The lab's own count on the host: a private ring buffer that records every TCE hypercall that enters the kernel, and
 * every hypercall's exit, over the whole time; with marks written into it that say what happened when.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LabError } from './errors.js';
import type { Host } from './host.js';
import { countRing } from './ring-text.js';
import type { RingCount } from './ring-text.js';

const INSTANCE = '/sys/kernel/tracing/instances/lab';
/** The size of each processor's buffer; a run fills about a fifth of it. */
const BUFFER_KB = 131_072;
const TCE_HYPERCALLS = [0x1c, 0x20, 0x138, 0x13c];

/** Begins to record; while no guest runs. */
export async function startTracing(host: Host): Promise<void> {
  const filter = TCE_HYPERCALLS.map((opcode) => `req == ${opcode}`).join(' || ');
  // The clock is the same for all processors, so that the text is in the order of events.
  await host.run(`set -e
    mkdir ${INSTANCE}
    cd ${INSTANCE}
    echo ${BUFFER_KB} > buffer_size_kb
    echo boot > trace_clock
    echo '${filter}' > events/kvm_hv/kvm_hcall_enter/filter
    echo 1 > events/kvm_hv/kvm_hcall_exit/enable
    echo 1 > events/kvm_hv/kvm_hcall_enter/enable`);
}

/** Writes a mark into the ring buffer, in the order of its events. */
export async function mark(host: Host, text: string): Promise<void> {
  await host.run(`echo 'lab: ${text}' > ${INSTANCE}/trace_marker`);
}

/**
 * Stops recording and keeps what was recorded; rejects with LabError when any event of it was lost. What is recorded
 * afterwards is counted as the continuation of it, so no guest may be in the midst of a call.
 */
export async function keepTracing(host: Host): Promise<void> {
  const stats = await host.run(`cd ${INSTANCE} && echo 0 > tracing_on && cat per_cpu/cpu*/stats`);
  const lost = stats.split('\n').filter((line) => /^(overrun|commit overrun|dropped events): [1-9]/.test(line));
  if (lost.length > 0) throw new LabError(`the lab's own ring buffer lost events: ${lost.join(', ')}`);
  await host.run(`cat ${INSTANCE}/trace >> /share/ring.txt && rmdir ${INSTANCE}`);
}

/** Stops recording and counts all that was recorded. Rejects with LabError. */
export async function finishTracing(host: Host): Promise<RingCount> {
  await keepTracing(host);
  return countRing(createInterface({ input: createReadStream(join(host.share, 'ring.txt')) }));
}
