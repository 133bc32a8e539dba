/** A collector of its own for a test of the page: the real program, with the settings that the test is about. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBatch, frameBatches } from '@tcewatch/protocol';
import { batchOf } from '@tcewatch/testing/batches';
import type { TestBatch } from '@tcewatch/testing/batches';
import { start } from '../../demo/src/programs.js';

export interface TestCollector {
  url: string;
  /** Resolves when the batch is stored. */
  take(batch: TestBatch): Promise<void>;
  stop(): Promise<void>;
}

export async function startCollector(settings: object): Promise<TestCollector> {
  const directory = await mkdtemp(join(tmpdir(), 'tcewatch-page-'));
  const config = join(directory, 'collector.yaml');
  const own = {
    listen: { port: 0 },
    clickhouse: {
      embedded: { directory: join(directory, 'clickhouse') },
      // Recordings are as old as they are.
      retention: { readings: 0, minutes: 0, hours: 0, hosts: 0, alerts: 0 },
    },
  };
  await writeFile(config, JSON.stringify({ ...own, ...settings }));
  const program = start('collector', ['run', '--config', config]);
  const { url } = JSON.parse(await program.line((line) => line.startsWith('{'))) as { url: string };
  return {
    url,
    take: async (batch) => {
      const response = await fetch(`${url}/v1/batches`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: Buffer.from(frameBatches([encodeBatch(batchOf(batch))])),
      });
      if (response.status !== 202) throw new Error(await response.text());
    },
    stop: async () => {
      await program.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
