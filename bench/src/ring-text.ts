/** The rival of the ring decoder: the same events as the kernel prints them, and a straightforward parser of that. */
import { HYPERCALLS, hypercallName } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import type { HypercallEvents } from '@tcewatch/agent';

/** Prints events as `trace` does, one a line; the task's name and the registers that nobody reads are made up. */
export class TextPrinter implements HypercallEvents {
  readonly lines: string[] = [];

  entered(cpu: number, ns: number, tid: number, hypercall: Hypercall, liobn: number | bigint, npages: number): void {
    this.print(cpu, ns, tid, `kvm_hcall_enter: VCPU 0: hcall=${hypercall} GPR4-7=${hex(liobn)},0x0,0x0,${hex(npages)}`);
  }

  enteredOther(): void {
    throw new Error('the recording has enters of TCE hypercalls alone');
  }

  exited(cpu: number, ns: number, tid: number, outcome: string): void {
    const words =
      outcome === 'userspace' ? 'ret=RESUME_HOST hcall_rc=H_TOO_HARD' : 'ret=RESUME_GUEST hcall_rc=H_SUCCESS';
    this.print(cpu, ns, tid, `kvm_hcall_exit: VCPU 0: ${words}`);
  }

  runEntered(): void {
    throw new Error('the recording has no kvmppc_run_vcpu_enter');
  }

  private print(cpu: number, ns: number, tid: number, words: string): void {
    const task = `CPU 0/KVM-${tid}`.padEnd(22);
    const time = (ns / 1e9).toFixed(6).padStart(12);
    this.lines.push(`${task} [${String(cpu).padStart(3, '0')}] ..... ${time}: ${words}`);
  }
}

const LINE = /^.*-(\d+)\s+\[(\d+)\] \S+\s+(\d+)\.(\d+): (\w+): VCPU \d+: (.*)$/;
const ENTER = /^hcall=(\w+) GPR4-7=0x([0-9a-f]+),0x[0-9a-f]+,0x[0-9a-f]+,0x([0-9a-f]+)$/;
const EXIT = /^ret=(\w+) hcall_rc=\w+$/;

/** Parses a whole trace and hands on what is in it; a punt's text does not say which hypercall it was. */
export function parseText(text: string, events: HypercallEvents): void {
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    if (!match) continue;
    const [, tid, cpu, seconds, micros, event, words = ''] = match;
    const ns = Number(seconds) * 1e9 + Number(micros) * 1e3;
    if (event === 'kvm_hcall_enter') {
      const [, name = '', liobn = '', npages = ''] = ENTER.exec(words) ?? [];
      const hypercall = hypercallName(HYPERCALLS[name as Hypercall]);
      if (hypercall) {
        events.entered(Number(cpu), ns, Number(tid), hypercall, parseInt(liobn, 16), parseInt(npages, 16));
      }
    } else if (event === 'kvm_hcall_exit') {
      const outcome = EXIT.exec(words)?.[1] === 'RESUME_HOST' ? 'userspace' : 'virtual';
      events.exited(Number(cpu), ns, Number(tid), outcome, undefined);
    }
  }
}

function hex(value: number | bigint): string {
  return `0x${(value === Infinity ? 2 ** 53 : value).toString(16)}`;
}
