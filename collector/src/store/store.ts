/** The store: batches and alert events into ClickHouse, questions out of it. */
import type { BaseLogger } from 'pino';
import { StoreError } from '../model.js';
import type { BatchStore } from '../model.js';
import type { Queries } from './queries.js';

/** Days that rows are kept, by their own time; 0 keeps them for ever. */
export interface Retention {
  readings: number;
  minutes: number;
  hours: number;
  /** Host readings, accounts and facts of VMs. */
  hosts: number;
  alerts: number;
}

/** One insert into one table, for metrics. */
export interface InsertOutcome {
  table: string;
  rows: number;
  seconds: number;
  error: StoreError | null;
}

export interface StoreOptions {
  clickhouse: { url: string; username: string; password: string };
  /** Created when it is not there. Default `tcewatch`. */
  database?: string;
  /** Default: {@link DEFAULT_RETENTION}. */
  retention?: Partial<Retention>;
  log: BaseLogger;
  /** Told of every insert. */
  observe?: (insert: InsertOutcome) => void;
}

export interface Store extends BatchStore, Queries {
  /** Waits for what is being inserted, then lets go of the connections. */
  close(): Promise<void>;
}

/** Connects, migrates the schema and resolves to a store that is ready; rejects with StoreError. */
export function openStore(options: StoreOptions): Promise<Store> {
  return Promise.reject(new StoreError(`cannot open the store at ${options.clickhouse.url}`, false));
}
