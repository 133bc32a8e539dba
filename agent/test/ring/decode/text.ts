/**
 * Feeds what the kernel printed of kvm_hcall_enter and kvm_hcall_exit to pairing, for the recordings that are text. The
 * print leaves out which hypercall a punt was; the register that tells still holds the number that it was entered with.
 */
import { HYPERCALLS, hypercallName } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import type { HypercallEvents } from '../../../src/ring/decode/events.js';

const LINE = /-(\d+) +\[(\d+)\] \S+ +(\d+)\.(\d{6}): kvm_hcall_(enter|exit): VCPU \d+: (.*)$/gm;
const ENTER = /^hcall=(\w+) GPR4-7=0x([0-9a-f]+),0x[0-9a-f]+,0x[0-9a-f]+,0x([0-9a-f]+)$/;

/** Hands on all events of a trace; returns how the calls ended, one line each: `HYPERCALL LIOBN: ret hcall_rc`. */
export function feedText(text: string, events: HypercallEvents): string[] {
  const inside = new Map<number, { hypercall: Hypercall | undefined; call: string }>();
  const calls: string[] = [];
  for (const [, thread, cpu, seconds, micros, event, words = ''] of text.matchAll(LINE)) {
    const tid = Number(thread);
    const ns = Number(seconds) * 1e9 + Number(micros) * 1e3;
    if (event === 'enter') {
      const [, name = '', liobn = '', npages = ''] = ENTER.exec(words) ?? [];
      const hypercall = hypercallName(HYPERCALLS[name as Hypercall]);
      inside.set(tid, { hypercall, call: `${name} 0x${liobn}` });
      if (!hypercall) events.enteredOther(tid);
      else events.entered(Number(cpu), ns, tid, hypercall, parseInt(liobn, 16), parseInt(npages, 16));
      continue;
    }
    const [, ret = '', rc = ''] = /^ret=(\w+) hcall_rc=(\w+)$/.exec(words) ?? [];
    const entered = inside.get(tid);
    inside.delete(tid);
    if (entered?.hypercall) calls.push(`${entered.call}: ${ret} ${rc}`);
    const userspace = ret === 'RESUME_HOST';
    events.exited(
      Number(cpu),
      ns,
      tid,
      userspace ? 'userspace' : 'virtual',
      userspace ? entered?.hypercall : undefined,
    );
  }
  return calls;
}
