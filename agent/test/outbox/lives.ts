/** Lives of an agent's outbox over one directory, which is a new one for each test. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { DurableOutboxOptions } from '../../src/outbox/durable.js';
import type { EncodedBatch, Transport } from '../../src/transport/transport.js';
import { never, outboxTo, sequenceOf } from './surroundings.js';

/** The outbox's; not there yet. */
export let directory: string;
let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'tcewatch-'));
  directory = join(base, 'outbox');
});
afterEach(() => rm(base, { recursive: true }));

/** Keeps what it is given while it is up. */
export class Collecting implements Transport {
  readonly name = 'collecting';
  readonly attemptLimits = { batches: 256, bytes: 4 * 1024 * 1024 };
  readonly taken: EncodedBatch[] = [];

  constructor(public isUp: boolean) {}

  async deliver(batches: readonly EncodedBatch[], signal: AbortSignal) {
    if (!this.isUp) {
      if (!signal.aborted) await once(signal, 'abort');
      return { kind: 'retry' as const, afterMs: 0, message: 'down' };
    }
    this.taken.push(...batches);
    return { kind: 'settled' as const, refusals: new Map() };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** One life of an agent's outbox, which ends without a goodbye when `end` is called. */
export async function life(isUp: boolean, options: Partial<DurableOutboxOptions> = {}) {
  const transport = new Collecting(isUp);
  const { outbox, lines } = outboxTo(transport, { directory, ...options });
  const problem = await outbox.open();
  return { outbox, lines, problem, transport, end: () => outbox.close() };
}

/** All that a next life delivers, as sequence numbers. */
export async function delivered(options: Partial<DurableOutboxOptions> = {}): Promise<number[]> {
  const { outbox, transport, end } = await life(true, options);
  await outbox.drain(never);
  await end();
  return transport.taken.map(sequenceOf);
}
