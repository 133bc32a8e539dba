/**
 * Many hosts at once, each with one small batch: our own grouping (the whole store, all its tables) against one insert
 * for each batch (its readings alone), left to the server to gather. The embedded engine gathers nothing: it runs each
 * insert by itself. TCEWATCH_BENCH_CLICKHOUSE_URL names a server whose asynchronous inserts are measured instead, for
 * instance http://user:password@127.0.0.1:8123.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouse, encodeReadings, openStore, startEmbeddedClickHouse } from '@tcewatch/collector';
import { createLog } from '@tcewatch/common';
import type { ClickHouseAddress } from '@tcewatch/collector';
import type { Batch } from '@tcewatch/protocol';
import { busyHost } from './batches.js';
import { compare } from './measure.js';
import type { Comparison } from './measure.js';

const HOSTS = 64;
const SERIES = 250;
const DATABASE = 'tcewatch_bench';

export interface BatchingMeasurement extends Comparison {
  /** Whether the other side is a server's asynchronous inserts, or plain ones. */
  asynchronous: boolean;
}

export async function measureBatching(rounds: number): Promise<BatchingMeasurement> {
  const log = createLog({ level: 'error' });
  const server = serverOf(process.env['TCEWATCH_BENCH_CLICKHOUSE_URL']);
  const directory = await mkdtemp(join(tmpdir(), 'tcewatch-bench-'));
  const engine = server ? undefined : await startEmbeddedClickHouse({ directory, log });
  const clickhouse = server ?? engine;
  if (!clickhouse) throw new Error('neither a server nor the engine');
  const store = await openStore({ clickhouse, database: DATABASE, log });
  const settings = { async_insert: 1, wait_for_async_insert: 1 } as const;
  const single = new ClickHouse(clickhouse, DATABASE, { settings });
  let n = 0;
  let batches: Batch[] = [];
  const prepare = (): void => {
    n++;
    batches = Array.from({ length: HOSTS }, (_, host) => busyHost(`host-${host}`, SERIES, n));
  };
  const rowsOf = (): number => batches.reduce((sum, { series }) => sum + series.length, 0);
  try {
    const comparison = await compare(
      {
        prepare,
        run: async () => {
          await Promise.all(batches.map((batch) => store.insertBatches([batch])));
          return rowsOf();
        },
      },
      {
        prepare,
        run: async () => {
          await Promise.all(
            batches.map((batch) => {
              const block = encodeReadings([{ batch, known: undefined }]);
              return single.insertEncoded('readings', block.encoded());
            }),
          );
          return rowsOf();
        },
      },
      rounds,
    );
    return { ...comparison, asynchronous: server !== undefined };
  } finally {
    if (server) await single.command('cannot clean up', `DROP DATABASE ${DATABASE}`);
    await single.close();
    await store.close();
    await engine?.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The server's address, and who asks, of its URL. */
function serverOf(text: string | undefined): ClickHouseAddress | undefined {
  if (!text) return undefined;
  const url = new URL(text);
  const username = decodeURIComponent(url.username) || 'default';
  return { url: url.origin, username, password: decodeURIComponent(url.password) };
}
