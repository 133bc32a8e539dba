/** The source of a generated host: what a kernel with that load would have counted by now. */
import { deriveId } from '@tcewatch/protocol';
import type { Cell, Reading, Source } from '@tcewatch/agent';
import { bootIdOf, cellsAt, uptimeNs, vmsOf } from './load.js';
import type { LoadSpec } from './load.js';

export class Generated implements Source {
  readonly name = 'generated';
  readonly #vms;

  constructor(
    private readonly spec: LoadSpec,
    private readonly agentVersion: string,
  ) {
    this.#vms = vmsOf(spec);
  }

  async open(): Promise<void> {
    // The load needs no preparation.
  }

  next(): Promise<Reading> {
    const nowMs = Date.now();
    const bootId = bootIdOf(this.spec);
    const cells = this.#vms.flatMap((vm) => cellsAt(vm, nowMs));
    const alive = this.#vms.filter(
      ({ bornMs, diesMs }) => bornMs <= nowMs && (nowMs < diesMs || diesMs === this.spec.endsMs),
    );
    return Promise.resolve({
      clock: { wallNs: BigInt(nowMs) * 1_000_000n, uptimeNs: uptimeNs(this.spec, nowMs) },
      host: {
        id: this.spec.host,
        name: this.spec.host,
        kernel: '7.2.13',
        cpu: 'POWER9',
        platform: 'PowerNV',
        agentVersion: this.agentVersion,
        source: this.name,
      },
      bootId,
      epoch: deriveId(bootId, 'epoch'),
      epochBeganNs: uptimeNs(this.spec, this.spec.beginsMs),
      cells,
      accounts: [
        { counter: 'entered', seen: sum(cells, 'entered'), losses: [] },
        { counter: 'punted', seen: sum(cells, 'punted'), losses: [] },
      ],
      vms: alive.map(({ sighting }) => sighting),
      unattributedEvidence: [],
      problems: [],
    });
  }

  async close(): Promise<void> {
    // Nothing was taken.
  }
}

function sum(cells: readonly Cell[], counter: Cell['counter']): number {
  return cells.reduce((calls, cell) => calls + (cell.counter === counter ? cell.calls : 0), 0);
}
