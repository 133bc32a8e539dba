/**
 * A host for sizing: in each interval each of its VMs does what a recorded VM did under load at some moment, half to
 * one and a half times as much, so that counters grow as real ones do and do not repeat themselves. Every VM is busy
 * all the time, which is the most that a host can send.
 */
import { DEFAULT_CAPS, advance, createSource, emptyLedger, snapshot as snapshotOf, toBatch } from '@tcewatch/agent';
import { BATCH_VERSION, deriveId, seriesFromRows, seriesRow } from '@tcewatch/protocol';
import type { Batch, SeriesRow, Vm } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

const SECOND = 1_000_000_000n;
/** Readings of a recording are two seconds apart. */
const RECORDED_SECONDS = 2;
/** How late a reading may be, as those of recordings are. */
const LATE_NS = 5_000_000;

/** What one VM did from one reading of the recording to the next: how much each of its series gained. */
export interface Template {
  vm: Vm;
  series: readonly Omit<SeriesRow, 'vm' | 'value'>[];
  /** One for each pair of readings, with a number for each series. */
  gains: readonly (readonly number[])[];
}

/** Every batch that the agent makes of the histograms of a recording. */
export async function recordedBatches(name: string): Promise<Batch[]> {
  const source = createSource('replay', {
    root: '/nowhere',
    host: {},
    agentVersion: '0.1.0',
    hist: { size: 4096, detail: false },
    pace: { now: () => 0, sleep: () => Promise.resolve() },
    now: () => 0n,
    replay: {
      directory: await unpack(name),
      source: 'hist',
      speed: Infinity,
    },
  });
  await source.open();
  const batches: Batch[] = [];
  let ledger = emptyLedger();
  for (let reading = await source.next(); reading; reading = await source.next()) {
    ledger = advance(ledger, reading, DEFAULT_CAPS);
    const [run, sequence] = [deriveId('run', name), batches.length + 1];
    batches.push(toBatch({ reading, snapshot: snapshotOf(ledger), run, sequence, intervalNs: 2n * SECOND }));
  }
  await source.close();
  return batches;
}

/** The VM of that name, over those of its readings between which it made calls. */
export function templateOf(batches: readonly Batch[], name: string): Template {
  const readings = batches.map((batch) => {
    const index = batch.vms.findIndex((vm) => vm.name === name);
    const rows = Array.from({ length: batch.series.length }, (_, i) => seriesRow(batch.series, i));
    return { vm: batch.vms[index], rows: rows.filter((row) => row.vm === index) };
  });
  const last = readings.findLast(({ vm }) => vm !== undefined);
  if (last?.vm === undefined) throw new RangeError(`the recording has no VM ${name}`);
  const { vm, rows } = last;
  const key = ({ counter, hypercall, scope, liobn }: SeriesRow): string => `${counter} ${hypercall} ${scope} ${liobn}`;
  const values = readings.map((reading) => {
    const known = new Map(reading.rows.map((row) => [key(row), row.value]));
    return rows.map((row) => known.get(key(row)) ?? 0);
  });
  const gains = values.slice(1).map((value, i) => value.map((one, s) => Math.max(0, one - (values[i]?.[s] ?? 0))));
  return {
    vm,
    series: rows.map(({ counter, hypercall, scope, liobn }) => ({ counter, hypercall, scope, liobn })),
    gains: gains.filter((gain) => gain.some((one) => one > 0)),
  };
}

/** Readings of a host of that many VMs, one after the other, the first at `beganNs` on its clock. */
export class SizedHost {
  readonly #values: number[][];
  readonly #vms: Vm[];
  readonly #generator = xoroshiro128plus(1);
  #readings = 0;

  constructor(
    readonly id: string,
    readonly template: Template,
    vms: number,
    readonly beganNs: bigint,
    readonly intervalSeconds: number,
  ) {
    this.#values = Array.from({ length: vms }, () => template.series.map(() => 0));
    this.#vms = this.#values.map((_, i) => ({
      ...template.vm,
      life: deriveId(id, i),
      name: `guest-${i}`,
      uuid: deriveId(id, 'uuid', i),
      ended: false,
    }));
  }

  next(): Batch {
    const { gains, series } = this.template;
    const steps = this.intervalSeconds / RECORDED_SECONDS;
    this.#readings += 1;
    for (const values of this.#values) {
      const from = Math.floor(uniformFloat64(this.#generator) * gains.length);
      const share = 0.5 + uniformFloat64(this.#generator);
      for (let step = from; step < from + steps; step++) {
        const gain = gains[step % gains.length] ?? [];
        values.forEach((value, s) => (values[s] = value + Math.round(share * (gain[s] ?? 0))));
      }
    }
    const sinceNs =
      BigInt(this.#readings * this.intervalSeconds) * SECOND +
      BigInt(Math.floor(uniformFloat64(this.#generator) * LATE_NS));
    const rows = this.#values.flatMap((values, vm) =>
      values.map((value, s): SeriesRow => ({ ...(series[s] as SeriesRow), vm, value })),
    );
    const sum = (counter: string): number =>
      rows.reduce((calls, row) => calls + (row.counter === counter ? row.value : 0), 0);
    return {
      version: BATCH_VERSION,
      host: {
        id: this.id,
        name: this.id,
        kernel: '7.2.13',
        cpu: 'POWER9',
        platform: 'PowerNV',
        agentVersion: '0.1.0',
        source: 'hist',
      },
      bootId: deriveId(this.id, 'boot'),
      epoch: deriveId(this.id, 'epoch'),
      epochBeganNs: SECOND,
      run: deriveId(this.id, 'run'),
      sequence: this.#readings,
      clock: { wallNs: this.beganNs + sinceNs, uptimeNs: sinceNs },
      intervalNs: BigInt(this.intervalSeconds) * SECOND,
      vms: this.#vms,
      series: seriesFromRows(rows),
      accounts: [
        { counter: 'entered', seen: sum('entered'), losses: [] },
        { counter: 'punted', seen: sum('punted'), losses: [] },
      ],
      problems: [],
    };
  }
}
