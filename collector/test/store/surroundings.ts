/** What tests of the store need: an embedded ClickHouse, and stores on it. */
import { join } from 'node:path';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { FOR_EVER } from '@tcewatch/testing/recorded-batches';
import { rememberingLog } from '@tcewatch/testing/remembering-log';
import { startEmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';
import type { EmbeddedClickHouse } from '../../src/embedded-clickhouse/index.js';
import { openStore } from '../../src/store/index.js';
import type { Store, StoreOptions } from '../../src/store/index.js';

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
