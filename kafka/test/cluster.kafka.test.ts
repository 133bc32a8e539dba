/** Three real brokers and several members of a group. */
import { KafkaCluster } from '@tcewatch/testing/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Assignment, KafkaClient } from '../src/index.js';
import { clientFor, hasAll, newTopic, noBroker, read, records, until, valuesOf } from './surroundings.js';

describe.skipIf(noBroker)('a client of three brokers', () => {
  let cluster: KafkaCluster;
  let client: KafkaClient;

  beforeAll(async () => {
    cluster = await KafkaCluster.start({ brokers: 3 });
    ({ client } = await clientFor(cluster, { requestTimeout: '5s' }));
  });
  afterAll(async () => {
    await client.close();
    await cluster.close();
  });

  it('takes no topic for missing that some broker has not heard of yet', async () => {
    for (let i = 0; i < 8; i++) {
      const same = { partitions: 24, replicationFactor: 3, retentionMs: 86_400_000, maxMessageBytes: 2_000_000 };
      expect(await client.admin.ensureTopics([{ name: `new-${i}`, ...same }], true)).toEqual([]);
    }
  });

  it('loses nothing when leaders are killed while it writes and reads', async () => {
    const topic = await newTopic(client, 6, 3);
    const producer = client.producer();
    const { consumer, values } = read(client, topic, { sessionTimeoutMs: 5000 });
    const send = (from: number, to: number) =>
      until('a send', () =>
        producer.send(topic, records(from, to)).then(
          () => true,
          () => false,
        ),
      );
    await send(0, 500);
    for (const [i, id] of [1, 2].entries()) {
      const from = 500 + i * 1000;
      const killed = cluster.broker(id).stop('SIGKILL');
      await send(from, from + 500);
      await killed;
      await send(from + 500, from + 1000);
      await cluster.broker(id).start();
    }
    await until('all', () => hasAll(values, 2500));
    await consumer.close();
  });

  it('shares partitions among members, and reads on where it was in those that stay', async () => {
    const topic = await newTopic(client, 6, 3);
    await client.producer().send(topic, records(0, 600));
    const revoked: Assignment[] = [];
    const first = read(client, topic, { commits: false, onRevoked: (lost) => revoked.push(...lost) });
    await until('all at the first', () => hasAll(first.values, 600));
    const before = first.consumer.stats.assigned;
    const second = read(client, topic);
    await until('two members', () => second.consumer.stats.assigned.length === 3);
    await until('the first noticed', () => first.consumer.stats.assigned.length === 3);
    const kept = first.consumer.stats.assigned;

    expect(before).toEqual(expect.arrayContaining([...kept]));
    expect(revoked).toHaveLength(3);
    expect([...kept, ...revoked].map(({ partition }) => partition).sort()).toEqual([0, 1, 2, 3, 4, 5]);
    // What was read of those that stay is not read again, though nothing was committed; what went is read by the other.
    await client.producer().send(topic, records(600, 700));
    await until('all of the new', () => hasAll([...first.values, ...second.values], 700));
    const went = new Set(revoked.map(({ partition }) => partition));
    const ofTheLost = first.batches.filter(({ partition }) => went.has(partition)).flatMap(valuesOf);
    await until('lost ones anew', () => ofTheLost.every((value) => second.values.includes(value)));
    expect(first.values.length).toBe(new Set(first.values).size);

    // A commit for what is another's by now is dropped.
    const [gone] = first.batches.filter(({ partition }) => partition === revoked[0]!.partition);
    await first.consumer.commit([{ ...gone!, next: 1n }]);
    await second.consumer.close();
    await until('all back', () => first.consumer.stats.assigned.length === 6);
    const lag = await client.admin.groupLag(`${topic}.group`, [topic]);
    expect(lag.find(({ partition }) => partition === gone!.partition)?.position).toBeGreaterThan(1n);
    await first.consumer.close();
  });
});
