/** A source that gives what a test says, an outbox that keeps what it gets, and a clock that a test turns. */
import { UNATTRIBUTED_LIFE } from '@tcewatch/protocol';
import type { ModeEvidence } from '@tcewatch/protocol';
import { AgentError } from '../../src/errors.js';
import type { Cell, Reading, Source, VmSighting } from '../../src/model.js';
import type { Pace } from '../../src/clock.js';
import type { Outbox } from '../../src/outbox/outbox.js';
import type { EncodedBatch } from '../../src/transport/transport.js';

export const RADIX: ModeEvidence[] = [
  { mode: 'real', evidence: 'absent', reason: 'no-handlers' },
  { mode: 'virtual', evidence: 'exact', reason: '' },
  { mode: 'userspace', evidence: 'exact', reason: '' },
];

const id = (n: number) => UNATTRIBUTED_LIFE.replace(/.{4}$/, n.toString(16).padStart(4, '0'));

/** A VM with one thread of the same number. */
export function vm(tgid: number, name: string, evidence = RADIX): VmSighting {
  const identity = { life: id(tgid), name, uuid: `uuid of ${name}`, tgid, startedNs: 1n };
  return { ...identity, threads: [{ tid: tgid, startedNs: 1n }], evidence };
}

export function cell(tid: number, counter: Cell['counter'], calls: number, more: Partial<Cell> = {}): Cell {
  return { counter, tid, hypercall: 'H_PUT_TCE', scope: 'one', liobn: 0x80000000n, calls, ...more };
}

export function reading(parts: Partial<Reading>): Reading {
  return {
    clock: { wallNs: 1_000_000_000n, uptimeNs: 1_000_000_000n },
    host: { id: 'h', name: 'h', kernel: '6.12', cpu: 'POWER9', platform: 'pSeries', agentVersion: '0', source: 'fake' },
    bootId: id(0xb007),
    epoch: id(0xe),
    epochBeganNs: 0n,
    cells: [],
    accounts: [],
    vms: [],
    unattributedEvidence: RADIX,
    problems: [],
    ...parts,
  };
}

export type Step = Reading | AgentError | (() => Reading | Promise<Reading>);

/** Walks the steps; what it was asked for is in `asked`. */
export class FakeSource implements Source {
  readonly name = 'fake';
  readonly asked: ('open' | 'next' | 'close')[] = [];
  /** The epochs that it was opened with. */
  readonly told: (string | undefined)[] = [];

  constructor(
    private readonly steps: Step[],
    private readonly failToOpen: AgentError[] = [],
  ) {}

  open(knownEpoch?: string): Promise<void> {
    this.asked.push('open');
    this.told.push(knownEpoch);
    const error = this.failToOpen.shift();
    return error ? Promise.reject(error) : Promise.resolve();
  }

  async next(): Promise<Reading | undefined> {
    this.asked.push('next');
    const step = this.steps.shift();
    if (step instanceof AgentError) throw step;
    return typeof step === 'function' ? await step() : step;
  }

  close(): Promise<void> {
    this.asked.push('close');
    return Promise.resolve();
  }
}

export class KeepingOutbox implements Outbox {
  readonly name = 'keeping';
  readonly atRisk = [];
  readonly batches: EncodedBatch[] = [];
  /** Problem that sending resolves to. */
  problem: string | undefined;
  /** Resolved to say that there is room. */
  roomIs: Promise<void> = Promise.resolve();

  open(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  send(batch: EncodedBatch): Promise<string | undefined> {
    this.batches.push(batch);
    return Promise.resolve(this.problem);
  }

  room(): Promise<void> {
    return this.roomIs;
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Time passes when somebody sleeps, and when a test says so. */
export class FakePace implements Pace {
  nowMs = 0;
  readonly slept: number[] = [];

  now(): number {
    return this.nowMs;
  }

  sleep(milliseconds: number): Promise<void> {
    this.slept.push(milliseconds);
    this.nowMs += Math.max(0, milliseconds);
    return Promise.resolve();
  }
}
