/**
 * Reads the fields of the three events that pairing needs, at the offsets that their `format` files give, and hands them
 * on as words of the vocabulary. Knows nothing of pages' order or of other events of a thread.
 */
import { hypercallName } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import { RingError } from './error.js';
import type { EventFormat } from './format.js';
import type { PageCursor } from './page.js';

/** How KVM's handler of a hypercall ended: back to the guest, out to QEMU, or neither (-EINTR, for instance). */
export type Outcome = 'virtual' | 'userspace' | 'neither';

/** An LIOBN exactly: a number below 2^32, as all LIOBNs in use are, else a bigint. */
export type Liobn = number | bigint;

/** What happened on a vCPU thread, on a CPU, at a time in ns of the buffer's clock. */
export interface HypercallEvents {
  /** A TCE hypercall reached KVM. `npages` is GPR7: junk but for INDIRECT and STUFF, Infinity from 2^32. */
  entered(cpu: number, ns: number, tid: number, hypercall: Hypercall, liobn: Liobn, npages: number): void;
  /** Any other hypercall reached KVM. */
  enteredOther(tid: number): void;
  /** KVM is done with a hypercall. `punted` names it where it is a TCE hypercall that went to userspace. */
  exited(cpu: number, ns: number, tid: number, outcome: Outcome, punted: Hypercall | undefined): void;
  /** The thread came back into KVM_RUN. */
  runEntered(ns: number, tid: number): void;
}

/** `kvmppc_run_vcpu_enter` is on demand: without it there are no round trips. */
export interface HypercallFormats {
  kvm_hcall_enter: EventFormat;
  kvm_hcall_exit: EventFormat;
  kvmppc_run_vcpu_enter?: EventFormat;
}

/** RESUME_HOST and RESUME_HOST_NV: `arch/powerpc/include/asm/kvm_asm.h`. The guest goes on at 0 and 1. */
const RESUME_HOST = 2;
const RESUME_HOST_NV = 3;
const WORD_BITS = 32n;

/** An unsigned field of 4 or 8 bytes, relative to the event's data. */
interface Unsigned {
  offset: number;
  wide: boolean;
}

export class EventReader {
  /** Events of types that were not asked for; there should be none in a private instance. */
  unknownEvents = 0;

  private readonly enter;
  private readonly exit;
  private readonly runEnter;

  /** Throws RingError when an event lacks a field that is needed, or has it in a size that is not read here. */
  constructor(formats: HypercallFormats) {
    const { kvm_hcall_enter: enter, kvm_hcall_exit: exit, kvmppc_run_vcpu_enter: runEnter } = formats;
    this.enter = {
      ...common(enter),
      req: unsigned(enter, 'req'),
      liobn: unsigned(enter, 'gpr4'),
      npages: unsigned(enter, 'gpr7'),
    };
    this.exit = { ...common(exit), ret: unsigned(exit, 'ret'), rc: unsigned(exit, 'hcall_rc') };
    this.runEnter = runEnter && common(runEnter);
  }

  /** Hands on the event at which the cursor is. Throws RingError for one that is shorter than its format. */
  read(cursor: PageCursor, cpu: number, events: HypercallEvents): void {
    const { view, offset, timestampNs } = cursor;
    if (cursor.typeId === this.exit.id) {
      atLeast(this.exit.size, cursor);
      const { tid, ret, rc } = this.exit;
      const outcome = outcomeOf(low(view, offset, ret), high(view, offset, ret));
      // On its way to userspace hcall_rc is GPR3, which still holds the hypercall's number.
      const named = outcome === 'userspace' && high(view, offset, rc) === 0;
      const punted = named ? hypercallName(low(view, offset, rc)) : undefined;
      events.exited(cpu, timestampNs, view.getInt32(offset + tid, true), outcome, punted);
    } else if (cursor.typeId === this.enter.id) {
      atLeast(this.enter.size, cursor);
      const tid = view.getInt32(offset + this.enter.tid, true);
      const req = high(view, offset, this.enter.req) === 0 ? low(view, offset, this.enter.req) : -1;
      const hypercall = hypercallName(req);
      if (hypercall === undefined) {
        events.enteredOther(tid);
        return;
      }
      const npages = high(view, offset, this.enter.npages) === 0 ? low(view, offset, this.enter.npages) : Infinity;
      events.entered(cpu, timestampNs, tid, hypercall, liobnAt(view, offset, this.enter.liobn), npages);
    } else if (cursor.typeId === this.runEnter?.id) {
      atLeast(this.runEnter.size, cursor);
      events.runEntered(timestampNs, view.getInt32(offset + this.runEnter.tid, true));
    } else {
      this.unknownEvents++;
    }
  }
}

function outcomeOf(retLow: number, retHigh: number): Outcome {
  if (retHigh !== 0 || retLow > RESUME_HOST_NV) return 'neither';
  return retLow >= RESUME_HOST ? 'userspace' : 'virtual';
}

function liobnAt(view: DataView, offset: number, field: Unsigned): Liobn {
  const upper = high(view, offset, field);
  const lower = low(view, offset, field);
  return upper === 0 ? lower : (BigInt(upper) << WORD_BITS) | BigInt(lower);
}

function low(view: DataView, offset: number, field: Unsigned): number {
  return view.getUint32(offset + field.offset, true);
}

function high(view: DataView, offset: number, field: Unsigned): number {
  return field.wide ? view.getUint32(offset + field.offset + 4, true) : 0;
}

function atLeast(size: number, cursor: PageCursor): void {
  if (cursor.length >= size) return;
  const message = `an event of type ${cursor.typeId} has ${cursor.length} bytes, expected ${size}`;
  throw new RingError('malformed', 'sub-buffer', 'byte', cursor.offset, message);
}

function common(format: EventFormat): { id: number; size: number; tid: number } {
  const type = field(format, 'common_type', [2]);
  if (type.offset !== 0) throw unsupported(format, `common_type is at ${type.offset}, expected 0`);
  return { id: format.id, size: format.size, tid: field(format, 'common_pid', [4]).offset };
}

function unsigned(format: EventFormat, name: string): Unsigned {
  const { offset, size } = field(format, name, [4, 8]);
  return { offset, wide: size === 8 };
}

function field(format: EventFormat, name: string, sizes: readonly number[]): { offset: number; size: number } {
  const found = format.fields.get(name);
  if (!found) throw unsupported(format, `there is no field ${name}`);
  if (!sizes.includes(found.size)) {
    throw unsupported(format, `${name} has ${found.size} bytes, expected ${sizes.join(' or ')}`);
  }
  return found;
}

function unsupported(format: EventFormat, message: string): RingError {
  return new RingError('unsupported', `${format.name}/format`, 'line', 3, message);
}
