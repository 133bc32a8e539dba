/** Batches of series and round trips as a test gives them, for tests of what is stored. */
import { BATCH_VERSION, deriveId, latenciesFromRows, seriesFromRows } from '@tcewatch/protocol';
import type { Batch, LatencyRow, SeriesRow, Vm } from '@tcewatch/protocol';

export const SECOND = 1_000_000_000n;
/** 2026-11-22T12:00:00Z, a whole hour: when the host of these tests was booted. */
export const BOOTED = 1_795_348_800n * SECOND;

/** A series of the first VM, on one LIOBN, of H_PUT_TCE, unless it says otherwise. */
export type TestSeries = Partial<SeriesRow> & { value: number };

/** A bucket of round trips of H_PUT_TCE of the first VM, unless it says otherwise. */
export type TestLatency = Partial<LatencyRow> & { calls: number };

export interface TestBatch {
  /** Seconds since boot. */
  uptime: number;
  series: TestSeries[];
  latencies?: TestLatency[];
  host?: string;
  epoch?: string;
  vms?: Partial<Vm>[];
  accounts?: Batch['accounts'];
}

export const LIFE = deriveId('life', 0);

export function batchOf(test: TestBatch): Batch {
  const { uptime, series, latencies, host = 'h1', epoch = 'e1', vms = [{}], accounts = [] } = test;
  const uptimeNs = BigInt(Math.round(uptime * 1e9));
  return {
    version: BATCH_VERSION,
    host: {
      id: host,
      name: `${host}.example`,
      kernel: '6.1.0-powerpc64le',
      cpu: 'POWER9 (architected), altivec supported',
      platform: 'pSeries',
      agentVersion: '0.1.0',
      source: 'hist',
    },
    bootId: deriveId('boot', host),
    epoch: deriveId('epoch', host, epoch),
    epochBeganNs: 0n,
    run: deriveId('run', host),
    sequence: Math.round(uptime * 1000),
    clock: { wallNs: BOOTED + uptimeNs, uptimeNs },
    intervalNs: 10n * SECOND,
    vms: vms.map((vm, i) => ({
      life: deriveId('life', i),
      name: `vm${i}`,
      uuid: '',
      tgid: 100 + i,
      startedNs: SECOND,
      ended: false,
      evidence: [],
      ...vm,
    })),
    series: seriesFromRows(
      series.map((row) => ({
        vm: 0,
        counter: 'entered',
        hypercall: 'H_PUT_TCE',
        scope: 'one',
        liobn: 0x8000_0000n,
        ...row,
      })),
    ),
    ...(latencies && {
      latencies: latenciesFromRows(
        latencies.map((row) => ({
          vm: 0,
          span: 'round_trip',
          hypercall: 'H_PUT_TCE',
          bucket: 9,
          totalUs: row.calls * 300,
          ...row,
        })),
      ),
    }),
    accounts,
    problems: [],
  };
}
