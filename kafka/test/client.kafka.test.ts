/** Writing and reading at one real broker. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaCluster } from '@tcewatch/testing/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaClient } from '../src/index.js';
import type { LogLine } from './surroundings.js';
import { WARN, clientFor, hasAll, newTopic, noBroker, read, records, until } from './surroundings.js';

describe.skipIf(noBroker)('a client of one broker', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tcewatch-kafka-client-'));
  let cluster: KafkaCluster;
  let client: KafkaClient;
  let lines: LogLine[];

  beforeAll(async () => {
    cluster = await KafkaCluster.start();
    ({ client, lines } = await clientFor(cluster));
  });
  afterAll(async () => {
    await client.close();
    await cluster.close();
    rmSync(directory, { recursive: true });
  });

  it('knows what a group has not read, though the coordinators of a new broker are loading', async () => {
    const topic = await newTopic(client);
    await client.producer().send(topic, records(0, 1));
    expect(await client.admin.groupLag('nobody', [topic])).toMatchObject([{ position: undefined, records: 1n }]);
  });

  it('gives a consumer what a producer wrote, with key, value, headers and offsets', async () => {
    const topic = await newTopic(client);
    const value = Buffer.from([0, 255, 1, 254]);
    const producer = client.producer();
    await producer.send(topic, [{ key: 'host-ü', value, headers: { schema: '1', traceparent: '00-ab-cd-01' } }]);
    await producer.send(topic, [{ key: 'host-2', value: new Uint8Array(0) }]);
    const { consumer, batches } = read(client, topic);
    await until('both records', () => batches.flatMap((batch) => batch.records).length === 2);
    await consumer.close();

    const [first, second] = batches.flatMap((batch) => batch.records);
    expect(first).toMatchObject({ offset: 0n, key: Buffer.from('host-ü'), value });
    expect(Object.keys(first!.headers)).toEqual(['schema', 'traceparent']);
    expect(Buffer.from(first!.headers['schema']!).toString()).toBe('1');
    expect(Math.abs(first!.timestampMs - Date.now())).toBeLessThan(3_600_000);
    expect(second).toMatchObject({ offset: 1n, headers: {} });
    expect(second?.value).toHaveLength(0);
    expect(batches.at(-1)).toMatchObject({ topic, partition: 0, next: 2n, highWatermark: 2n });
  });

  it('logs nothing of a new broker that is still loading its coordinators', () => {
    expect(lines.filter(({ level }) => level >= WARN)).toEqual([]);
    expect(lines.some(({ library }) => library === 'kafkajs')).toBe(true);
  });

  it('compresses, and keeps the records of a key in order in one partition', async () => {
    const topic = await newTopic(client, 4);
    const producer = client.producer();
    const same = Buffer.alloc(90_000, 'a');
    // Together more than the topic takes in one batch, unless they are compressed.
    await producer.send(
      topic,
      [1, 2, 3, 4].map(() => ({ key: 'one', value: same })),
    );
    await producer.send(topic, records(0, 500));
    const { consumer, batches } = read(client, topic);
    await until('all', () => batches.flatMap((batch) => batch.records).length === 504);
    await consumer.close();

    const partitionsOf = new Map<string, Set<number>>();
    const valuesOf = new Map<string, number[]>();
    for (const { partition, records: some } of batches) {
      for (const { key, value } of some) {
        const name = Buffer.from(key!).toString();
        partitionsOf.set(name, (partitionsOf.get(name) ?? new Set()).add(partition));
        valuesOf.set(name, [...(valuesOf.get(name) ?? []), Number(Buffer.from(value!).toString())]);
      }
    }
    expect([...partitionsOf.values()].every(({ size }) => size === 1)).toBe(true);
    expect(valuesOf.get('host-7')).toEqual([7, 57, 107, 157, 207, 257, 307, 357, 407, 457]);
  });

  it('names a topic that is not there, and creates none', async () => {
    const sent = client.producer().send('no.such.topic', records(0, 1));
    await expect(sent).rejects.toMatchObject({ name: 'KafkaError', kind: 'unknown-topic' });
    await expect(sent).rejects.toThrow(/^cannot write to the topic no\.such\.topic: /);
  });

  it('says when records are too large, and goes on with those that are not', async () => {
    const topic = await newTopic(client);
    const producer = client.producer();
    const large = { key: 'a', value: Buffer.from(Array.from({ length: 200_000 }, () => Math.random() * 256)) };
    await expect(producer.send(topic, [large])).rejects.toMatchObject({ kind: 'too-large' });
    await producer.send(topic, records(0, 3));
    const { consumer, values } = read(client, topic);
    await until('the small ones', () => values.length === 3);
    await consumer.close();
    expect(values).toEqual([0, 1, 2]);
  });

  it('is called off at once', async () => {
    const topic = await newTopic(client);
    const sent = client.producer().send(topic, records(0, 1), AbortSignal.abort());
    await expect(sent).rejects.toMatchObject({ kind: 'closed' });
  });

  it('reads on from what was committed, and from nothing else', async () => {
    const topic = await newTopic(client);
    const producer = client.producer();
    await producer.send(topic, records(0, 100));
    const first = read(client, topic, { commits: false });
    await until('all', () => hasAll(first.values, 100));
    const [batch] = first.batches;
    await first.consumer.commit([{ ...batch!, next: 40n }]);
    await first.consumer.commit([{ ...batch!, next: 30n }]);
    await first.consumer.close();

    expect(await client.admin.groupLag(`${topic}.group`, [topic])).toEqual([
      { topic, partition: 0, position: 40n, end: 100n, records: 60n },
    ]);
    const second = read(client, topic);
    await until('the rest', () => second.values.includes(99));
    expect(second.values[0]).toBe(40);
    await until('the end', async () => (await second.consumer.lag())[0]?.records === 0n);
    expect(await second.consumer.lag()).toEqual([{ topic, partition: 0, position: 100n, end: 100n, records: 0n }]);
    await second.consumer.close();
  });

  it('counts what was deleted before it was read', async () => {
    const topic = await newTopic(client);
    const producer = client.producer();
    await producer.send(topic, records(0, 10));
    const before = read(client, topic);
    await until('the first', () => hasAll(before.values, 10));
    await before.consumer.close();
    await producer.send(topic, records(10, 30));
    const offsets = { version: 1, partitions: [{ topic, partition: 0, offset: 25 }] };
    const file = join(directory, 'offsets.json');
    writeFileSync(file, JSON.stringify(offsets));
    await cluster.run(`kafka-delete-records.sh --offset-json-file ${file}`);
    const after = read(client, topic);
    await until('the last', () => after.values.includes(29));
    expect(after.values).toEqual([25, 26, 27, 28, 29]);
    expect(after.consumer.stats.skipped).toBe(15n);
    expect(lines.some(({ msg }) => msg.startsWith('records were deleted before they were read'))).toBe(true);
    await after.consumer.close();
  });

  it('makes the last commits before it leaves', async () => {
    const topic = await newTopic(client);
    await client.producer().send(topic, records(0, 10));
    const { consumer, values, batches } = read(client, topic, { commits: false });
    await until('all', () => values.length === 10);
    await consumer.close(() => consumer.commit([batches.at(-1)!]));
    const [lag] = await client.admin.groupLag(`${topic}.group`, [topic]);
    expect(lag).toMatchObject({ position: 10n, records: 0n });
  });

  it('delivers nothing of a paused partition until it is resumed', async () => {
    const topic = await newTopic(client, 2);
    const producer = client.producer();
    await producer.send(topic, records(0, 100));
    const seen = new Map<number, number>();
    const { consumer, batches } = read(client, topic, {
      maxBytesPerPartition: 200,
      onBatch: (batch) => {
        seen.set(batch.partition, (seen.get(batch.partition) ?? 0) + batch.records.length);
        if (batch.partition === 0) consumer.pause([batch]);
        return Promise.resolve();
      },
    });
    expect(batches).toEqual([]);
    const lagOf = async (partition: number) => (await consumer.lag()).find((one) => one.partition === partition);
    await until('partition 1', async () => (await lagOf(1))?.records === 0n);
    // The brokers may well answer for the one long before the other.
    await until('the pause', () => consumer.stats.paused.length > 0);
    expect(consumer.stats.paused).toMatchObject([{ topic, partition: 0 }]);
    const before = seen.get(0) ?? 0;
    await producer.send(topic, records(100, 200));
    await until('more of partition 1', async () => (await lagOf(1))?.records === 0n && (seen.get(1) ?? 0) > 50);
    expect(seen.get(0) ?? 0).toBe(before);
    await until('partition 0', async () => {
      consumer.resume([{ topic, partition: 0 }]);
      return (await lagOf(0))?.records === 0n;
    });
    expect((seen.get(0) ?? 0) + (seen.get(1) ?? 0)).toBe(200);
    await consumer.close();
  });

  it('delivers a batch again that was not taken over', async () => {
    const topic = await newTopic(client);
    await client.producer().send(topic, records(0, 5));
    let attempts = 0;
    const { consumer } = read(client, topic, {
      onBatch: () => (++attempts < 3 ? Promise.reject(new Error('not now')) : Promise.resolve()),
    });
    await until('the third attempt', () => attempts === 3);
    await until('the end', async () => (await consumer.lag())[0]?.records === 0n);
    expect(consumer.stats.restarts).toEqual({ stalled: 0, crashed: 0 });
    await consumer.close();
  });

  it('stays in the group while a batch takes longer than its session', async () => {
    const topic = await newTopic(client);
    await client.producer().send(topic, records(0, 3));
    let deliveries = 0;
    const { consumer } = read(client, topic, {
      sessionTimeoutMs: 6000,
      onBatch: async () => {
        deliveries++;
        await sleep(9000);
      },
    });
    await until('the end', async () => (await consumer.lag())[0]?.records === 0n);
    expect(deliveries).toBe(1);
    expect(consumer.stats.rebalances).toBe(1);
    await consumer.close();
  });

  it('starts while its topic is not there, says so, and consumes when it is', async () => {
    const topic = await newTopic(client);
    const later = `${topic}.later`;
    const reading = read(client, later);
    await until('the problem', () => reading.consumer.stats.problem?.kind === 'unknown-topic');
    const spec = { name: later, partitions: 1, replicationFactor: 1, retentionMs: -1, maxMessageBytes: 100_000 };
    expect(await client.admin.ensureTopics([spec], true)).toEqual([]);
    await client.producer().send(later, records(0, 3));
    await until('all', () => hasAll(reading.values, 3));
    expect(reading.consumer.stats).toMatchObject({ joined: true, problem: undefined });
    await reading.consumer.close();
  });
});
