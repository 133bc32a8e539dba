/** Batch bytes to rows in the embedded ClickHouse, against inserting the same rows as a block made beforehand. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouse, encodeReadings, openStore, startEmbeddedClickHouse } from '@tcewatch/collector';
import { createLog } from '@tcewatch/common';
import type { ReadingsBlock } from '@tcewatch/collector';
import { decodeBatch, encodeBatch } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { busyHost } from './batches.js';
import { compare } from './measure.js';
import type { Comparison } from './measure.js';

const SERIES = 10_000;
const BATCHES = 20;

export async function measureInsert(rounds: number): Promise<Comparison> {
  const log = createLog({ level: 'error' });
  const directory = await mkdtemp(join(tmpdir(), 'tcewatch-bench-'));
  const engine = await startEmbeddedClickHouse({ directory, log });
  const store = await openStore({ clickhouse: engine, log });
  const ceiling = new ClickHouse(engine, 'tcewatch');
  let encoded: Uint8Array[] = [];
  let block: ReadingsBlock = encodeReadings([]);
  let n = 0;
  // Every reading is new, so that all its rows are written.
  const nextBatches = (host: string): Batch[] => Array.from({ length: BATCHES }, () => busyHost(host, SERIES, ++n));
  try {
    return await compare(
      {
        prepare: () => {
          encoded = nextBatches('ours').map(encodeBatch);
        },
        run: async () => {
          const batches = encoded.map((bytes) => decodeBatch(bytes));
          await store.insertBatches(batches);
          return batches.reduce((sum, batch) => sum + batch.series.length, 0);
        },
      },
      {
        prepare: () => {
          block = encodeReadings(nextBatches('ceiling').map((batch) => ({ batch, known: undefined })));
        },
        run: async () => {
          await ceiling.insertEncoded('readings', block.encoded());
          return block.rows;
        },
      },
      rounds,
    );
  } finally {
    await ceiling.close();
    await store.close();
    await engine.close();
    await rm(directory, { recursive: true, force: true });
  }
}
