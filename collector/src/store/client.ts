/** The only place that talks to @clickhouse/client: questions, commands and inserts, with StoreErrors. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { toStoreError } from './errors.js';

/** Address of ClickHouse and the user who asks. */
export interface ClickHouseAddress {
  url: string;
  username: string;
  password: string;
}

/** Values of the {name:Type} parameters of a statement. */
export type Parameters = Record<string, string | number | bigint | readonly string[]>;

export interface ConnectionOptions {
  /** Milliseconds that one answer may take. */
  timeoutMs?: number;
  /** Settings of every statement. */
  settings?: ClickHouseSettings;
}

/** Rows of a table as bytes. */
export interface EncodedRows {
  columns: readonly string[];
  format: 'Native' | 'RowBinary';
  /** Bytes of the rows, one part after the other. */
  parts: readonly Buffer[];
}

/** Milliseconds that one answer may take where nothing is said. */
export const DEFAULT_TIMEOUT_MS = 60_000;

/** A connection to one database. */
export class ClickHouse {
  readonly #client: ClickHouseClient;

  /** Prepares a connection; nothing is sent yet. Without `database` it is the server's default. */
  constructor(
    { url, username, password }: ClickHouseAddress,
    database?: string,
    { timeoutMs = DEFAULT_TIMEOUT_MS, settings = {} }: ConnectionOptions = {},
  ) {
    this.#client = createClient({
      url,
      username,
      password,
      ...(database !== undefined && { database }),
      application: 'tcewatch',
      request_timeout: timeoutMs,
      // Errors are thrown, and logged by whom they concern.
      log: { level: ClickHouseLogLevel.OFF },
      clickhouse_settings: {
        output_format_json_quote_64bit_integers: 1,
        date_time_input_format: 'basic',
        // A batch that comes late, or a host whose clock is wrong, may open many partitions at once.
        throw_on_max_partitions_per_insert_block: 0,
        max_partitions_per_insert_block: '0',
        join_use_nulls: 1,
        // Rows come in groups already (group-commit.ts): they do not wait in the server for others.
        async_insert: 0,
        // Of an insert that is repeated, the views get what they lack, though the table beneath has it all.
        deduplicate_blocks_in_dependent_materialized_views: 1,
        // A cluster tells which of its nodes has not done what all of them should, before this side gives up.
        distributed_ddl_task_timeout: String(Math.max(1, Math.floor((timeoutMs * 0.75) / 1000))),
        ...settings,
      },
    });
  }

  /** Rows of a SELECT as objects; 64-bit integers come as text. */
  async select<T>(what: string, query: string, parameters: Parameters = {}): Promise<T[]> {
    return attempt(what, async () => {
      const result = await this.#client.query({ query, query_params: parameters, format: 'JSONEachRow' });
      return result.json<T>();
    });
  }

  /** Runs a statement that answers nothing. */
  async command(what: string, query: string, parameters: Parameters = {}): Promise<void> {
    await attempt(what, () => this.#client.command({ query, query_params: parameters }));
  }

  /** Inserts a few rows as objects. `id` is the same whenever the same rows are sent again. */
  async insertObjects(table: string, rows: readonly object[], id?: string): Promise<void> {
    await attempt(`cannot insert into ${table}`, () =>
      this.#client.insert({ table, values: rows, format: 'JSONEachRow', clickhouse_settings: named(id) }),
    );
  }

  /** Inserts rows that are in a binary format already, in the order of `columns`. */
  async insertEncoded(table: string, { columns, format, parts }: EncodedRows, id?: string): Promise<void> {
    await attempt(`cannot insert into ${table}`, async () => {
      const { stream } = await this.#client.exec({
        query: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT ${format}`,
        values: Readable.from(parts, { objectMode: false }),
        clickhouse_settings: named(id),
      });
      await buffer(stream);
    });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** Names an insert: a replicated table does not take one of the same name again, a plain one takes no notice. */
function named(id: string | undefined): ClickHouseSettings {
  return id === undefined ? {} : { insert_deduplication_token: id };
}

async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(what, error);
  }
}
