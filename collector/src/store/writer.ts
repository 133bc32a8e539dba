/** A group of batches to rows of all tables that they concern, and into ClickHouse. */
import { BatchError } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { StoreError } from '../model.js';
import type { ClickHouse } from './client.js';
import { LATENCIES_COLUMNS, encodeLatencies } from './encode-latencies.js';
import { READINGS_COLUMNS, encodeReadings } from './encode-readings.js';
import { Remembered } from './remembered.js';
import { RowBuffer } from './row-buffer.js';
import { accountRow, factsOf, factsRow, hostReadingRow, identityOf, vmRow } from './rows.js';
import { END_OF_TIME_NS } from './times.js';

/** One insert into one table, for metrics. */
export interface InsertOutcome {
  table: string;
  rows: number;
  seconds: number;
  error: StoreError | null;
}

/** Rows of the tables that have few. */
type Rows = Record<'accounts' | 'vms' | 'vm_facts' | 'host_readings', object[]>;

/** Throws BatchError for a batch that no table can take. */
export function checkBatch({ host, clock }: Batch): void {
  if (clock.wallNs >= 0n && clock.wallNs < END_OF_TIME_NS) return;
  throw new BatchError(
    'invalid',
    'wall_ns',
    `host ${host.name} says that it is ${clock.wallNs} ns since 1970, past what can be stored (2106); ` +
      "set the host's clock",
  );
}

/** Writes one group after the other: `write` must not be called before the last call has settled. */
export class Writer {
  readonly #remembered = new Remembered();

  constructor(
    private readonly clickhouse: ClickHouse,
    private readonly observe: (insert: InsertOutcome) => void,
  ) {}

  /** Resolves when all rows are acknowledged; rejects with StoreError, after which nothing of the group is remembered. */
  async write(batches: readonly Batch[]): Promise<void> {
    try {
      const counters = { readings: new RowBuffer(), latencies: new RowBuffer() };
      const rows: Rows = { accounts: [], vms: [], vm_facts: [], host_readings: [] };
      for (const batch of batches) this.#collect(batch, counters, rows);
      await all([
        this.#insertRowBinary('readings', READINGS_COLUMNS, counters.readings),
        this.#insertRowBinary('latencies', LATENCIES_COLUMNS, counters.latencies),
        ...(['accounts', 'vms', 'vm_facts'] as const).map((table) => this.#insertObjects(table, rows[table])),
      ]);
      // Last, since they say that the host was read: where they are, the rest is.
      await this.#insertObjects('host_readings', rows.host_readings);
    } catch (error) {
      this.#remembered.forget(batches);
      if (error instanceof StoreError) throw error;
      throw new StoreError(`a batch cannot be stored: ${(error as Error).message}`, false, { cause: error });
    }
  }

  #collect(batch: Batch, counters: Record<'readings' | 'latencies', RowBuffer>, rows: Rows): void {
    const known = this.#remembered.recall(batch);
    encodeReadings(batch, known, counters.readings);
    encodeLatencies(batch, known, counters.latencies);
    for (const vm of batch.vms) {
      const life = known?.lives.get(vm.life);
      const identity = identityOf(vm);
      if (identity !== life?.identity) rows.vms.push(vmRow(batch, vm));
      // An agent that could not look this time takes nothing back.
      const facts = factsOf(vm) ?? life?.facts;
      if (facts !== life?.facts) rows.vm_facts.push(factsRow(batch, vm));
      if (life) Object.assign(life, { identity, facts });
    }
    const accounts = JSON.stringify(batch.accounts);
    if (accounts !== known?.accounts) {
      rows.accounts.push(...batch.accounts.map((account) => accountRow(batch, account)));
    }
    if (known) known.accounts = accounts;
    rows.host_readings.push(hostReadingRow(batch));
  }

  #insertRowBinary(table: string, columns: readonly string[], { rows, bytes }: RowBuffer): Promise<void> {
    return this.#insert(table, rows, () => this.clickhouse.insertRowBinary(table, columns, bytes));
  }

  #insertObjects(table: string, rows: object[]): Promise<void> {
    return this.#insert(table, rows.length, () => this.clickhouse.insertObjects(table, rows));
  }

  async #insert(table: string, rows: number, send: () => Promise<void>): Promise<void> {
    if (rows === 0) return;
    const startedAt = performance.now();
    const tell = (error: StoreError | null): void => {
      this.observe({ table, rows, seconds: (performance.now() - startedAt) / 1000, error });
    };
    try {
      await send();
    } catch (error) {
      tell(error as StoreError);
      throw error;
    }
    tell(null);
  }
}

/** Waits for the end of each, then rejects with the first failure, if there was one: nothing is left in flight. */
async function all(inserts: Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(inserts);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}
