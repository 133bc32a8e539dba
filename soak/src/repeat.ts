/** Writes records of the topic to it again: as duplicates, late, in another order, some of them to other partitions. */
import { once } from 'node:events';
import pRetry from 'p-retry';
import type { ConsumedRecord, KafkaClient, KafkaRecord } from '@tcewatch/kafka';
import { TOPIC } from './fleet.js';
import { diceOf } from './random.js';
import type { Dice } from './random.js';

/** The group by which it goes on in the topic where it was the last time. */
const GROUP = 'soak-repeats';
const RECORDS = 200;
/** Records of one request, which is to be smaller than what the topic takes. */
const AT_ONCE = 20;
const WITHIN_MS = 120_000;

/** Repeats some records. Resolves to how many; rejects when the brokers are away for too long. */
export async function repeatRecords(client: KafkaClient, seed: number): Promise<number> {
  const dice = diceOf(seed);
  const records = dice.shuffled(await takeRecords(client)).map((record) => again(record, dice));
  const producer = client.producer();
  try {
    for (let i = 0; i < records.length; i += AT_ONCE) {
      await retried(() => producer.send(TOPIC, records.slice(i, i + AT_ONCE)));
    }
  } finally {
    await producer.close();
  }
  return records.length;
}

async function takeRecords(client: KafkaClient): Promise<ConsumedRecord[]> {
  const taken: ConsumedRecord[] = [];
  const enough = new AbortController();
  const consumer = client.consumer({
    group: GROUP,
    topics: [TOPIC],
    from: 'earliest',
    onBatch: async (batch) => {
      if (enough.signal.aborted) return;
      taken.push(...batch.records);
      if (taken.length >= RECORDS) enough.abort();
      await consumer.commit([batch]).catch(() => undefined);
    },
  });
  consumer.start();
  try {
    await once(enough.signal, 'abort', { signal: AbortSignal.timeout(WITHIN_MS) });
  } finally {
    await consumer.close();
  }
  return taken;
}

/**
 * Makes a record again; with the key of another host, it comes to another partition, and so maybe to another collector.
 */
function again({ key, value, headers }: ConsumedRecord, dice: Dice): KafkaRecord {
  const own = Buffer.from(key ?? []).toString('utf8');
  const texts = Object.entries(headers).map(([name, bytes]) => [name, Buffer.from(bytes).toString('utf8')]);
  return {
    key: dice.int(0, 1) === 0 ? own : `${own} ${dice.int(0, 9)}`,
    value: value ?? new Uint8Array(),
    headers: Object.fromEntries(texts) as Record<string, string>,
  };
}

/** Tries again while brokers are away; at most for {@link WITHIN_MS}. */
function retried(send: () => Promise<void>): Promise<void> {
  return pRetry(send, { retries: Infinity, minTimeout: 100, maxTimeout: 1000, maxRetryTime: WITHIN_MS });
}
