/**
 * Sends the dead letters back to the topics that they came from, once what refused them is mended: a newer collector, or
 * a store that is well again. Those that are refused again come back as new dead letters.
 */
import { once } from 'node:events';
import { groupBy } from '@tcewatch/common';
import type { ConsumedRecord, KafkaClient, KafkaRecord, PartitionLag } from '@tcewatch/kafka';
import type { KafkaConfig } from '../../config/index.js';
import { HEADERS } from './dead-letters.js';

/** One dead letter, as people are shown it. */
export interface ToldLetter {
  reason: string;
  message: string;
  /** `TOPIC/PARTITION@OFFSET`, where it was first. */
  from: string;
  bytes: number;
}

export interface RedriveOptions {
  client: KafkaClient;
  kafka: Pick<KafkaConfig, 'group' | 'topic' | 'deadLetterTopic'>;
  /** Only tells what there is. */
  list: boolean;
  tell: (letter: ToldLetter) => void;
  signal: AbortSignal;
}

/**
 * Resolves to the number of letters, of those that were there when it began and were not sent back before. Rejects with
 * KafkaError, or when the signal is aborted; what was sent by then is not sent again by the next.
 */
export async function redrive({ client, kafka, list, tell, signal }: RedriveOptions): Promise<number> {
  const { topic, deadLetterTopic, group } = kafka;
  const own = `${group}-redrive`;
  const lag = await client.admin.groupLag(own, [deadLetterTopic]);
  const left = new Map(lag.filter(({ records }) => records > 0n).map((of) => [of.partition, of]));
  if (left.size === 0) return 0;
  const producer = client.producer();
  let letters = 0;
  const finished = new AbortController();
  const done = once(finished.signal, 'abort', { signal });
  const consumer = client.consumer({
    // Listing must not move the place where sending goes on.
    group: list ? `${own}-list-${process.pid}` : own,
    topics: [deadLetterTopic],
    from: 'earliest',
    onBatch: async (batch, revoked) => {
      const until = left.get(batch.partition);
      const records = until ? batch.records.filter((record) => isDue(record, until)) : [];
      for (const record of records) tell(toldOf(record));
      if (!list) {
        for (const [to, some] of byTopic(records, topic)) await producer.send(to, some.map(recordOf), revoked);
        // Those beyond the end are for another time.
        const next = until && until.end < batch.next ? until.end : batch.next;
        if (until) await consumer.commit([{ ...batch, next }]);
      }
      letters += records.length;
      if (until && batch.next >= until.end) left.delete(batch.partition);
      if (left.size === 0) finished.abort();
    },
  });
  try {
    consumer.start();
    await done;
  } finally {
    await consumer.close();
    await producer.close();
  }
  return letters;
}

function isDue({ offset }: ConsumedRecord, { position, end }: PartitionLag): boolean {
  return offset < end && offset >= (position ?? 0n);
}

/** Groups dead letters by the topic that they came from; `fallback` is that of a letter which does not say. */
export function byTopic(letters: readonly ConsumedRecord[], fallback: string): Map<string, ConsumedRecord[]> {
  return groupBy(letters, (letter) => header(letter, HEADERS.topic) ?? fallback);
}

function recordOf({ key, value }: ConsumedRecord): KafkaRecord {
  return { key: Buffer.from(key ?? []).toString('utf8'), value: value ?? new Uint8Array() };
}

function toldOf(record: ConsumedRecord): ToldLetter {
  const of = (name: string) => header(record, name) ?? '?';
  return {
    reason: of(HEADERS.reason),
    message: of(HEADERS.message),
    from: `${of(HEADERS.topic)}/${of(HEADERS.partition)}@${of(HEADERS.offset)}`,
    bytes: record.value?.length ?? 0,
  };
}

function header({ headers }: ConsumedRecord, name: string): string | undefined {
  const bytes = headers[name];
  return bytes && Buffer.from(bytes).toString('utf8');
}
