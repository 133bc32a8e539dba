/** Writer of a group of batches: makes rows of all tables that they concern, and inserts them. */
import { randomUUID } from 'node:crypto';
import { BatchError } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { mergeRunsBy, runKey, runOf } from '../hosts/agent-runs.js';
import { StoreError } from '../model.js';
import type { ClickHouse, EncodedRows } from './client.js';
import { LATENCIES_COLUMNS, encodeLatencies } from './encode/latencies.js';
import { encodeReadings } from './encode/readings.js';
import { ChangeFilter } from './encode/change-filter.js';
import type { WrittenHost } from './encode/change-filter.js';
import { retryPassing } from './retry.js';
import { RowBuffer } from './encode/row-buffer.js';
import { accountRow, factsOf, factsRow, hostReadingRow, hostRunRow, identityOf, vmRow } from './rows.js';
import { END_OF_TIME_NS } from './times.js';

/** One try of one insert into one table, for metrics. */
export interface InsertOutcome {
  table: string;
  rows: number;
  seconds: number;
  error: StoreError | null;
}

/** Rows of the tables that have few. */
type Rows = Record<'accounts' | 'vms' | 'vm_facts' | 'host_runs' | 'host_readings', object[]>;

/** Throws BatchError for a batch that no table can take. */
export function checkBatch({ host, clock }: Batch): void {
  const storable = (ns: bigint): boolean => ns >= 0n && ns < END_OF_TIME_NS;
  if (!storable(clock.wallNs)) {
    throw new BatchError(
      'invalid',
      'wall_ns',
      `host ${host.name} says that it is ${clock.wallNs} ns since 1970, past what can be stored (2106); ` +
        "set the host's clock",
    );
  }
  if (!storable(clock.uptimeNs)) {
    throw new BatchError('invalid', 'uptime_ns', `host ${host.name} says that it is up for ${clock.uptimeNs} ns`);
  }
}

export interface WriterOptions {
  /** Called at each try of an insert. */
  observe: (insert: InsertOutcome) => void;
  /** Milliseconds for which an insert that fails is tried again, with the same rows. */
  insistForMs: number;
  /** Nanoseconds since 1970. */
  now: () => bigint;
  /** Signal that nothing is to be tried again any more. */
  closing: AbortSignal;
}

/** Writes one group after the other: `write` must not be called before the last call has settled. */
export class Writer {
  readonly #changes = new ChangeFilter();

  constructor(
    private readonly clickhouse: ClickHouse,
    private readonly options: WriterOptions,
  ) {}

  /** Resolves when all rows are acknowledged; rejects with StoreError, after which nothing of the group is remembered. */
  async write(batches: readonly Batch[]): Promise<void> {
    try {
      const latencies = new RowBuffer();
      const receivedNs = this.options.now();
      const runs = mergeRunsBy(
        batches.map((batch) => runOf(batch, receivedNs)),
        runKey,
      );
      const rows: Rows = {
        accounts: [],
        vms: [],
        vm_facts: [],
        host_runs: [...runs.values()].map(hostRunRow),
        host_readings: [],
      };
      const told = batches.map((batch) => {
        const known = this.#changes.recall(batch);
        encodeLatencies(batch, known, latencies);
        this.#collect(batch, known, rows);
        return { batch, known };
      });
      const readings = encodeReadings(told);
      await all([
        this.#insertEncoded('readings', readings.rows, readings.encoded()),
        this.#insertEncoded('latencies', latencies.rows, {
          columns: LATENCIES_COLUMNS,
          format: 'RowBinary',
          parts: [latencies.bytes],
        }),
        ...(['accounts', 'vms', 'vm_facts', 'host_runs'] as const).map((table) =>
          this.#insertObjects(table, rows[table]),
        ),
      ]);
      // Last, since they say that the host was read: where they are, the rest is.
      await this.#insertObjects('host_readings', rows.host_readings);
    } catch (error) {
      this.#changes.forget(batches);
      if (error instanceof StoreError) throw error;
      throw new StoreError(`a batch cannot be stored: ${(error as Error).message}`, false, { cause: error });
    }
  }

  #collect(batch: Batch, known: WrittenHost | undefined, rows: Rows): void {
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

  #insertEncoded(table: string, rows: number, encoded: EncodedRows): Promise<void> {
    return this.#insert(table, rows, (id) => this.clickhouse.insertEncoded(table, encoded, id));
  }

  #insertObjects(table: string, rows: object[]): Promise<void> {
    return this.#insert(table, rows.length, (id) => this.clickhouse.insertObjects(table, rows, id));
  }

  async #insert(table: string, rows: number, send: (id: string) => Promise<void>): Promise<void> {
    if (rows === 0) return;
    const { insistForMs, closing } = this.options;
    const id = randomUUID();
    await retryPassing(() => this.#try(table, rows, () => send(id)), insistForMs, closing);
  }

  async #try(table: string, rows: number, send: () => Promise<void>): Promise<void> {
    const startedAt = performance.now();
    const tell = (error: StoreError | null): void => {
      this.options.observe({ table, rows, seconds: (performance.now() - startedAt) / 1000, error });
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
