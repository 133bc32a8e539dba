/** A naive host for property tests: it knows who made which call, and shows readings as a source would. */
import { HYPERCALL_NAMES, UNATTRIBUTED_LIFE, deriveId } from '@tcewatch/protocol';
import type { Hypercall, Span } from '@tcewatch/protocol';
import fc from 'fast-check';
import type { Cell, LatencyCell, Reading, ThreadSighting, VmSighting } from '../../src/model.js';

export type Action =
  | { do: 'call'; thread: number; hypercall: Hypercall; liobn: bigint; calls: number; punts: number; us: number }
  | { do: 'start-vm'; threads: number }
  | { do: 'stop-vm'; vm: number }
  | { do: 'start-thread'; vm: number }
  | { do: 'stop-thread'; thread: number }
  | { do: 'start-stranger' }
  | { do: 'rebuild' }
  | { do: 'read' };

const call = fc.record({
  do: fc.constant('call' as const),
  thread: fc.nat(),
  hypercall: fc.constantFrom(...HYPERCALL_NAMES),
  liobn: fc.bigInt({ min: 0x80000000n, max: 0x80000004n }),
  calls: fc.integer({ min: 1, max: 100 }),
  punts: fc.nat(100),
  us: fc.integer({ min: 2, max: 64 }),
});

/** Weighted towards calls; thread ids are few, so they are used again all the time. */
export const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: call },
    { weight: 3, arbitrary: fc.constant({ do: 'read' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('start-vm' as const), threads: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('stop-vm' as const), vm: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('start-thread' as const), vm: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('stop-thread' as const), thread: fc.nat() }) },
    { weight: 1, arbitrary: fc.constant({ do: 'start-stranger' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'rebuild' as const }) },
  ),
  { maxLength: 60 },
);

/**
 * Tells whether threads or their owners change: what is counted around it can be told apart only by reading before and
 * after.
 */
export function changesOwners(action: Action): boolean {
  return action.do !== 'call' && action.do !== 'read' && action.do !== 'rebuild';
}

interface Thread extends ThreadSighting {
  life: string;
}

/** Above the ids of all threads of VMs. */
const FIRST_STRANGER = 1_000_000;

export class ModelHost {
  #nowNs = 0n;
  #epoch = 0;
  #vms: Omit<VmSighting, 'threads'>[] = [];
  #threads: Thread[] = [];
  #strangers = 0;
  #cells = new Map<string, Cell>();
  #latencies = new Map<string, LatencyCell>();
  /** Calls of this epoch by `life counter hypercall liobn`. */
  readonly truth = new Map<string, number>();
  /** Microseconds of this epoch by `life span hypercall bucket`. */
  readonly times = new Map<string, number>();

  apply(action: Action): void {
    // Looking takes no time, so a history with fewer looks is the same history.
    if (action.do !== 'read') this.#nowNs += 10_000_000n;
    switch (action.do) {
      case 'call':
        this.#call(action);
        break;
      case 'start-vm':
        this.#startVm(action.threads);
        break;
      case 'stop-vm': {
        const life = pick(this.#vms, action.vm)?.life;
        this.#vms = this.#vms.filter((vm) => vm.life !== life);
        this.#threads = this.#threads.filter((thread) => thread.life !== life);
        break;
      }
      case 'start-thread': {
        const life = pick(this.#vms, action.vm)?.life;
        if (life !== undefined) this.#startThread(life);
        break;
      }
      case 'stop-thread': {
        const dead = pick(this.#threads, action.thread);
        this.#threads = this.#threads.filter((thread) => thread !== dead);
        break;
      }
      case 'start-stranger':
        // A thread id that was a VM's before: nobody could tell the thread that no VM was seen to own from the dead one.
        this.#threads.push({
          tid: FIRST_STRANGER + ++this.#strangers,
          startedNs: this.#nowNs,
          life: UNATTRIBUTED_LIFE,
        });
        break;
      case 'rebuild':
        this.#epoch++;
        this.#cells.clear();
        this.#latencies.clear();
        this.truth.clear();
        this.times.clear();
        break;
      case 'read':
    }
  }

  reading(): Reading {
    const cells = [...this.#cells.values()].map((cell) => ({ ...cell }));
    const seen = (counter: string) => cells.reduce((sum, c) => sum + (c.counter === counter ? c.calls : 0), 0);
    return {
      clock: { wallNs: this.#nowNs, uptimeNs: this.#nowNs },
      host: { id: 'h', name: 'h', kernel: '', cpu: '', platform: '', agentVersion: '', source: 'model' },
      bootId: deriveId('boot'),
      epoch: deriveId('epoch', this.#epoch),
      epochBeganNs: 0n,
      cells,
      latencies: [...this.#latencies.values()].map((cell) => ({ ...cell })),
      accounts: [
        { counter: 'entered', seen: seen('entered'), losses: [] },
        { counter: 'punted', seen: seen('punted'), losses: [] },
      ],
      vms: this.#vms.map((vm) => ({
        ...vm,
        threads: this.#threads.filter(({ life }) => life === vm.life).map(({ tid, startedNs }) => ({ tid, startedNs })),
      })),
      unattributedEvidence: [],
      problems: [],
    };
  }

  #call({ thread, hypercall, liobn, calls, punts, us }: Extract<Action, { do: 'call' }>): void {
    const caller = pick(this.#threads, thread);
    if (!caller) return;
    this.#count({ counter: 'entered', tid: caller.tid, hypercall, scope: 'one', liobn, calls }, caller.life);
    const punted = Math.min(punts, calls);
    this.#time(caller, 'handled', hypercall, calls - punted, us);
    this.#time(caller, 'round_trip', hypercall, punted, us);
    if (punted === 0) return;
    this.#count({ counter: 'punted', tid: caller.tid, hypercall, scope: 'all', liobn: 0n, calls: punted }, caller.life);
  }

  #time({ tid, life }: Thread, span: Span, hypercall: Hypercall, calls: number, us: number): void {
    if (calls === 0) return;
    const bucket = Math.ceil(Math.log2(us));
    const key = `${tid} ${span} ${hypercall} ${bucket}`;
    const before = this.#latencies.get(key) ?? { calls: 0, totalUs: 0 };
    const totalUs = before.totalUs + calls * us;
    this.#latencies.set(key, { span, tid, hypercall, bucket, calls: before.calls + calls, totalUs });
    const label = `${life} ${span} ${hypercall} ${bucket}`;
    this.times.set(label, (this.times.get(label) ?? 0) + calls * us);
  }

  #count(cell: Cell, life: string): void {
    const key = `${cell.counter} ${cell.tid} ${cell.hypercall} ${cell.liobn}`;
    this.#cells.set(key, { ...cell, calls: cell.calls + (this.#cells.get(key)?.calls ?? 0) });
    const label = `${life} ${cell.counter} ${cell.hypercall} ${cell.liobn}`;
    this.truth.set(label, (this.truth.get(label) ?? 0) + cell.calls);
  }

  #startVm(threads: number): void {
    const tgid = this.#freeTid();
    const life = deriveId('life', tgid, this.#nowNs);
    this.#vms.push({ life, name: `vm-${tgid}`, uuid: '', tgid, startedNs: this.#nowNs, evidence: [] });
    for (let i = 0; i < threads; i++) this.#startThread(life);
  }

  #startThread(life: string): void {
    this.#threads.push({ tid: this.#freeTid(), startedNs: this.#nowNs, life });
  }

  #freeTid(): number {
    let tid = 1;
    while (this.#threads.some((thread) => thread.tid === tid)) tid++;
    return tid;
  }
}

function pick<T>(list: readonly T[], at: number): T | undefined {
  return list[at % list.length];
}
