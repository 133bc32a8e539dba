/** What tests of the store need: an embedded ClickHouse, stores on it, and batches. */
import { join } from 'node:path';
import { createSource, toBatch, advance, snapshot, emptyLedger, DEFAULT_CAPS } from '@tcewatch/agent';
import { BATCH_VERSION, deriveId, latenciesFromRows, seriesFromRows } from '@tcewatch/protocol';
import type { Batch, LatencyRow, SeriesRow, Vm } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { startEmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';
import type { EmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';
import { openStore } from '../../src/store/index.js';
import type { Retention, Store, StoreOptions } from '../../src/store/index.js';
import { rememberingLog, temporaryDirectory } from '../embedded-clickhouse/directories.js';

export const SECOND = 1_000_000_000n;
/** 2026-11-22T12:00:00Z, a whole hour: when the host of these tests was booted. */
export const BOOTED = 1_795_348_800n * SECOND;
/** Recordings age; what is tested must not. */
export const FOR_EVER: Retention = { readings: 0, minutes: 0, hours: 0, hosts: 0, alerts: 0 };

export interface Surroundings {
  clickhouse: EmbeddedClickHouse;
  /** A store on a database of that name; closed with the rest. */
  open(database: string, options?: Partial<StoreOptions>): Promise<Store>;
  close(): Promise<void>;
}

/** Without `directory` in one of its own, which goes with it. */
export async function surroundings(given: { directory?: string } = {}): Promise<Surroundings> {
  const own = given.directory === undefined ? await temporaryDirectory() : undefined;
  const log = rememberingLog();
  const directory = join(given.directory ?? own?.path ?? '', 'clickhouse');
  const clickhouse = await startEmbeddedClickHouse({ directory, log });
  const stores: Store[] = [];
  return {
    clickhouse,
    open: async (database, options = {}) => {
      const store = await openStore({ clickhouse, database, retention: FOR_EVER, log, ...options });
      stores.push(store);
      return store;
    },
    close: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await clickhouse.close();
      await own?.remove();
    },
  };
}

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

/** Every batch that the agent makes of a recording, in order: of its histograms, or of its ring buffer. */
export async function recordedBatches(name: string, of: 'hist' | 'ring' = 'hist'): Promise<Batch[]> {
  const source = createSource('replay', {
    root: '/nowhere',
    host: {},
    agentVersion: '0.0.0-test',
    hist: { size: 4096, detail: false },
    pace: { now: () => 0, sleep: () => Promise.reject(new Error('a replay as fast as possible must not sleep')) },
    now: () => BOOTED,
    replay: {
      directory: await unpack(name),
      source: of,
      speed: Infinity,
    },
  });
  await source.open();
  const batches: Batch[] = [];
  let ledger = emptyLedger();
  for (let reading = await source.next(); reading; reading = await source.next()) {
    ledger = advance(ledger, reading, DEFAULT_CAPS);
    batches.push(
      toBatch({
        reading,
        snapshot: snapshot(ledger),
        run: deriveId('run', name),
        sequence: batches.length + 1,
        intervalNs: 2n * SECOND,
      }),
    );
  }
  await source.close();
  return batches;
}
