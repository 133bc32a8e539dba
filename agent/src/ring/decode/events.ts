/**
 * Reads the fields of the three events that pairing needs, at the offsets that their `format` files give, and hands
 * them on as words of the vocabulary. Knows nothing of pages' order or of other events of a thread.
 */
import { HYPERCALLS, hypercallName } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import { RingError } from './error.js';
import type { EventFormat } from './format.js';
import type { PageCursor } from './page.js';

/** End of a hypercall in KVM's handler: back to the guest, out to QEMU, or neither (-EINTR, for instance). */
export type Outcome = 'virtual' | 'userspace' | 'neither';

/** An LIOBN exactly: a number below 2^32, as all LIOBNs in use are, else a bigint. */
export type Liobn = number | bigint;

/** Receiver of events on a vCPU thread, on a CPU, at a time in ns of the buffer's clock. */
export interface HypercallEvents {
  /**
   * Receives a TCE hypercall that reached KVM. `npages` is GPR7: junk but for INDIRECT and STUFF, Infinity from 2^32.
   */
  entered(cpu: number, ns: number, tid: number, hypercall: Hypercall, liobn: Liobn, npages: number): void;
  /** Receives any other hypercall that reached KVM. */
  enteredOther(tid: number): void;
  /** Receives the end of a hypercall in KVM. `punted` names it where it is a TCE hypercall that went to userspace. */
  exited(cpu: number, ns: number, tid: number, outcome: Outcome, punted: Hypercall | undefined): void;
  /** Receives that the thread came back into KVM_RUN. */
  runEntered(ns: number, tid: number): void;
}

/** Formats of the events. `kvmppc_run_vcpu_enter` is on demand: without it there are no round trips. */
export interface HypercallFormats {
  kvm_hcall_enter: EventFormat;
  kvm_hcall_exit: EventFormat;
  kvmppc_run_vcpu_enter?: EventFormat;
}

/** Values of RESUME_HOST and RESUME_HOST_NV (`arch/powerpc/include/asm/kvm_asm.h`). The guest goes on at 0 and 1. */
export const RESUME_HOST = 2;
const RESUME_HOST_NV = 3;
const WORD_BITS = 32n;

/** Names by opcode: faster for each event than a map. */
const TCE_HYPERCALLS = Array.from({ length: Math.max(...Object.values(HYPERCALLS)) + 1 }, (_, i) => hypercallName(i));

export class EventReader {
  /** Number of events of types that were not asked for; there should be none in a private instance. */
  unknownEvents = 0;

  // Flat, as these are read for each event: `*At` is an offset from the event's data, `*High` that of the upper half
  // of a field of 8 bytes, else NONE.
  private readonly enterId: number;
  private readonly enterSize: number;
  private readonly enterTidAt: number;
  private readonly reqAt: number;
  private readonly reqHigh: number;
  private readonly liobnAt: number;
  private readonly liobnHigh: number;
  private readonly npagesAt: number;
  private readonly npagesHigh: number;
  private readonly exitId: number;
  private readonly exitSize: number;
  private readonly exitTidAt: number;
  private readonly retAt: number;
  private readonly retHigh: number;
  private readonly rcAt: number;
  private readonly rcHigh: number;
  private readonly runEnterId: number;
  private readonly runEnterSize: number;
  private readonly runEnterTidAt: number;

  /**
   * Prepares to read events. Throws RingError when one lacks a field that is needed, or has it in a size that is not
   * read here.
   */
  constructor(formats: HypercallFormats) {
    const { kvm_hcall_enter: enter, kvm_hcall_exit: exit, kvmppc_run_vcpu_enter: runEnter } = formats;
    ({ id: this.enterId, size: this.enterSize, tidAt: this.enterTidAt } = common(enter));
    ({ at: this.reqAt, high: this.reqHigh } = unsigned(enter, 'req'));
    ({ at: this.liobnAt, high: this.liobnHigh } = unsigned(enter, 'gpr4'));
    ({ at: this.npagesAt, high: this.npagesHigh } = unsigned(enter, 'gpr7'));
    ({ id: this.exitId, size: this.exitSize, tidAt: this.exitTidAt } = common(exit));
    ({ at: this.retAt, high: this.retHigh } = unsigned(exit, 'ret'));
    ({ at: this.rcAt, high: this.rcHigh } = unsigned(exit, 'hcall_rc'));
    const absent = { id: NONE, size: 0, tidAt: 0 };
    const again = runEnter ? common(runEnter) : absent;
    ({ id: this.runEnterId, size: this.runEnterSize, tidAt: this.runEnterTidAt } = again);
  }

  /** Hands on the event at which the cursor is. Throws RingError for one that is shorter than its format. */
  read(cursor: PageCursor, cpu: number, events: HypercallEvents): void {
    const { view, offset, typeId } = cursor;
    if (typeId === this.exitId) {
      if (cursor.length < this.exitSize) throw tooShort(cursor, this.exitSize);
      const outcome = outcomeOf(low(view, offset + this.retAt), high(view, offset, this.retHigh));
      // On its way to userspace hcall_rc is GPR3, which still holds the hypercall's number.
      const punted = outcome === 'userspace' ? this.hypercall(view, offset, this.rcAt, this.rcHigh) : undefined;
      events.exited(cpu, cursor.timestampNs, view.getInt32(offset + this.exitTidAt, true), outcome, punted);
    } else if (typeId === this.enterId) {
      if (cursor.length < this.enterSize) throw tooShort(cursor, this.enterSize);
      const tid = view.getInt32(offset + this.enterTidAt, true);
      const hypercall = this.hypercall(view, offset, this.reqAt, this.reqHigh);
      if (hypercall === undefined) {
        events.enteredOther(tid);
        return;
      }
      const liobnHigh = high(view, offset, this.liobnHigh);
      const liobnLow = low(view, offset + this.liobnAt);
      const liobn = liobnHigh === 0 ? liobnLow : (BigInt(liobnHigh) << WORD_BITS) | BigInt(liobnLow);
      const npages = high(view, offset, this.npagesHigh) === 0 ? low(view, offset + this.npagesAt) : Infinity;
      events.entered(cpu, cursor.timestampNs, tid, hypercall, liobn, npages);
    } else if (typeId === this.runEnterId) {
      if (cursor.length < this.runEnterSize) throw tooShort(cursor, this.runEnterSize);
      events.runEntered(cursor.timestampNs, view.getInt32(offset + this.runEnterTidAt, true));
    } else {
      this.unknownEvents++;
    }
  }

  private hypercall(view: DataView, offset: number, at: number, highAt: number): Hypercall | undefined {
    const opcode = low(view, offset + at);
    return opcode < TCE_HYPERCALLS.length && high(view, offset, highAt) === 0 ? TCE_HYPERCALLS[opcode] : undefined;
  }
}

/** Value that is no offset, and no event's id. */
const NONE = -1;

function outcomeOf(retLow: number, retHigh: number): Outcome {
  if (retHigh !== 0 || retLow > RESUME_HOST_NV) return 'neither';
  return retLow >= RESUME_HOST ? 'userspace' : 'virtual';
}

function low(view: DataView, at: number): number {
  return view.getUint32(at, true);
}

function high(view: DataView, offset: number, at: number): number {
  return at === NONE ? 0 : view.getUint32(offset + at, true);
}

function tooShort(cursor: PageCursor, size: number): RingError {
  const message = `an event of type ${cursor.typeId} has ${cursor.length} bytes, expected ${size}`;
  return new RingError('malformed', 'sub-buffer', 'byte', cursor.offset, message);
}

function common(format: EventFormat): { id: number; size: number; tidAt: number } {
  const type = field(format, 'common_type', [2]);
  if (type.offset !== 0) throw unsupported(format, `common_type is at ${type.offset}, expected 0`);
  return { id: format.id, size: format.size, tidAt: field(format, 'common_pid', [4]).offset };
}

function unsigned(format: EventFormat, name: string): { at: number; high: number } {
  const { offset, size } = field(format, name, [4, 8]);
  return { at: offset, high: size === 8 ? offset + 4 : NONE };
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
