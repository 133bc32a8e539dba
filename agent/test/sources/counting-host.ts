/** The counting of the source `hist` on a model kernel, with the ledger behind it and a collector behind that. */
import { deriveId, encodeBatch } from '@tcewatch/protocol';
import { expect } from 'vitest';
import { buildBatch } from '../../src/batch-builder.js';
import { advance } from '../../src/ledger/advance.js';
import { decodeCheckpoint, checkpointSchema, encodeCheckpoint } from '../../src/ledger/checkpoint.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../src/ledger/state.js';
import type { Reading, VmSighting } from '../../src/model.js';
import { HistCounter } from '../../src/sources/hist/counting.js';
import { Tracefs } from '../../src/tracefs/tracefs.js';
import { ModelCollector } from '../run/collector.js';
import { reading } from '../run/fakes.js';
import { ModelKernel } from './hist/model-kernel.js';
import type { Call } from './hist/model-kernel.js';

type Tally = Record<string, number>;

const SECOND_NS = 1_000_000_000n;
/** Entries of each histogram. */
export const SIZE = 128;

export function vmOf(name: string, tids: readonly number[]): VmSighting {
  const threads = tids.map((tid) => ({ tid, startedNs: 1n }));
  return { life: deriveId(name), name, uuid: '', tgid: 1, startedNs: 1n, threads, evidence: [] };
}

/** A host with guests, its agent, and what a collector has of them. */
export class CountingHost {
  readonly collector = new ModelCollector();
  /** Calls by VM, and punts by VM and LIOBN, too. */
  readonly truth = { entered: {} as Tally, punted: {} as Tally, byLiobn: {} as Tally };
  /** Whether the agent is asked to count detail. */
  detail = false;
  problems: readonly string[] = [];
  vms: VmSighting[] = [];
  #ledger = emptyLedger();
  #counting: HistCounter | undefined;
  #readings = 0;
  #nowNs: bigint;

  /** `bornNs`: uptime at its start. */
  constructor(
    readonly kernel = new ModelKernel(),
    bornNs = SECOND_NS,
  ) {
    this.#nowNs = bornNs;
  }

  call(call: Call): void {
    const entered = this.kernel.step(call);
    if (!entered || !this.#counting) return;
    const vm = this.vms.find(({ threads }) => threads.some(({ tid }) => tid === call.tid))?.name ?? 'unattributed';
    add(this.truth.entered, vm);
    if (!entered.isPunted) return;
    add(this.truth.punted, vm);
    add(this.truth.byLiobn, `${vm} ${entered.liobn}`);
  }

  /** Also after it was killed: what it knew it knows from what it kept. */
  async start(): Promise<void> {
    const { handover, epoch } = this.#ledger;
    if (epoch)
      this.#ledger = decodeCheckpoint(
        checkpointSchema.parse(JSON.parse(JSON.stringify(encodeCheckpoint(this.#ledger)))),
      );
    const told = handover?.epoch ?? epoch?.given;
    const options = { root: '/', size: SIZE, detail: this.detail, tracefs: new Tracefs(this.kernel) };
    this.#counting = await HistCounter.open(options, this.#nowNs, (madeNs) => deriveId(madeNs) === told);
  }

  async read(): Promise<Reading> {
    this.#nowNs += 10n * SECOND_NS;
    const counting = this.#counting ?? expect.fail();
    const { madeNs, cells, accounts, punts, latencies, handover, problems } = await counting.count(this.#nowNs);
    const changes = await counting.keepRoom(this.#nowNs, this.vms);
    const read = reading({
      clock: { wallNs: this.#nowNs, uptimeNs: this.#nowNs },
      epoch: deriveId(madeNs),
      epochBeganNs: madeNs,
      cells: [...cells],
      accounts: [...accounts],
      punts: [...punts],
      ...(latencies && { latencies }),
      vms: this.vms,
      problems: [...problems, ...changes],
      ...(handover && { handover: { ...handover, latencies: [], epoch: deriveId(handover.madeNs) } }),
    });
    this.#ledger = advance(this.#ledger, read, DEFAULT_CAPS);
    this.problems = this.#ledger.problems;
    const parts = { run: deriveId('run'), sequence: ++this.#readings, intervalNs: SECOND_NS };
    this.collector.take(encodeBatch(buildBatch({ reading: read, snapshot: snapshot(this.#ledger), ...parts })));
    return read;
  }

  /** Reads until no histogram is being replaced. */
  async rest(): Promise<void> {
    do await this.read();
    while (this.kernel.plainInstances.length > 1);
  }
}

/** Threads 13 and 14 of the VM `b` are punted, 11 and 12 of `a` are not. */
export const TIDS = [11, 12, 13, 14];

/** Calls of four threads of two VMs on few LIOBNs. */
export const someCall = (tid: number, liobn = 0x80000000n): Call => ({
  tid,
  hypercall: tid % 2 === 0 ? 'H_PUT_TCE' : 'H_STUFF_TCE',
  liobn,
  entries: 3n,
  isPunted: tid > 12,
});

export async function hostWith(tids: readonly number[], detail = false): Promise<CountingHost> {
  const host = new CountingHost();
  host.detail = detail;
  host.vms = [
    vmOf(
      'a',
      tids.filter((tid) => tid <= 12),
    ),
    vmOf(
      'b',
      tids.filter((tid) => tid > 12),
    ),
  ];
  await host.start();
  return host;
}

export function expectBalance(host: CountingHost): void {
  for (const counter of ['entered', 'punted'] as const) {
    const stored = Object.values(host.collector.stored(counter)).reduce((a, b) => a + b, 0);
    const { seen, lost } = host.collector.account(counter);
    expect(stored + lost).toBe(seen);
    expect(seen).toBe(Object.values(host.truth[counter]).reduce((a, b) => a + b, 0));
  }
}

function add(tally: Tally, key: string): void {
  tally[key] = (tally[key] ?? 0) + 1;
}

/** Makes as many calls of each thread. */
export function callAll(host: CountingHost, times: number): void {
  for (let i = 0; i < 2 * times; i++) for (const tid of TIDS) host.call(someCall(tid));
  host.kernel.settle();
}

/** The guests rest, and are read. */
export async function settle(host: CountingHost): Promise<Reading> {
  host.kernel.meanwhile = () => undefined;
  host.kernel.settle();
  return host.read();
}

/** Calls and their time, by span. */
export function timed({ latencies }: Reading): Record<string, { calls: number; totalUs: number }> {
  const sums: Record<string, { calls: number; totalUs: number }> = {};
  for (const { span, calls, totalUs } of latencies ?? []) {
    const sum = sums[span] ?? { calls: 0, totalUs: 0 };
    sums[span] = { calls: sum.calls + calls, totalUs: sum.totalUs + totalUs };
  }
  return sums;
}
