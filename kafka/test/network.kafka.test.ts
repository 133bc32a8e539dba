/** A broker that dies, and a network that does not carry. */
import { KafkaCluster } from '@tcewatch/testing/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaClient } from '../src/index.js';
import { WARN, clientFor, hasAll, newTopic, noBroker, read, records, until } from './surroundings.js';

const SHORT = { connectTimeout: '1s', requestTimeout: '1s' };

describe.skipIf(noBroker)('a client behind a bad network', () => {
  let cluster: KafkaCluster;
  let client: KafkaClient;

  beforeAll(async () => {
    cluster = await KafkaCluster.start({ proxied: true });
    ({ client } = await clientFor(cluster));
  });
  afterAll(async () => {
    await client.close();
    await cluster.close();
  });

  it('fails while the network is cut, and sends when it is mended', async () => {
    const topic = await newTopic(client);
    const { client: hasty } = await clientFor(cluster, SHORT);
    const producer = hasty.producer();
    await producer.send(topic, records(0, 1));
    cluster.cut();
    await expect(producer.send(topic, records(1, 2))).rejects.toMatchObject({ kind: 'unavailable' });
    cluster.mend();
    await producer.send(topic, records(2, 3));
    const { consumer, values } = read(client, topic);
    await until('the last one', () => values.includes(2));
    await Promise.all([consumer.close(), hasty.close()]);
  });

  it('loses nothing of what follows records of which it never heard whether they were taken', async () => {
    const topic = await newTopic(client);
    const { client: hasty } = await clientFor(cluster, SHORT);
    const producer = hasty.producer();
    await producer.send(topic, records(0, 2));
    cluster.cut('answers');
    await expect(producer.send(topic, records(2, 4))).rejects.toMatchObject({ kind: 'unavailable' });
    cluster.mend();
    // With the same producer id and sequence numbers the broker would take these for the ones before.
    await producer.send(topic, records(10, 12));
    const { consumer, values } = read(client, topic);
    await until('the last ones', () => values.includes(11));
    await Promise.all([consumer.close(), hasty.close()]);
    expect([...new Set(values)]).toEqual([0, 1, 2, 3, 10, 11]);
  });

  it('is called off though the network is cut', async () => {
    const topic = await newTopic(client);
    const { client: patient } = await clientFor(cluster, { requestTimeout: '1h' });
    const producer = patient.producer();
    await producer.send(topic, records(0, 1));
    cluster.cut();
    const controller = new AbortController();
    const sent = producer.send(topic, records(1, 2), controller.signal);
    controller.abort();
    await expect(sent).rejects.toMatchObject({ kind: 'closed' });
    cluster.mend();
    await producer.send(topic, records(2, 3));
    await patient.close();
  });

  it('makes a consumer anew that stands still while there is something to read', async () => {
    const topic = await newTopic(client, 2);
    // The library would wait an hour for the answer to its fetch.
    const { client: patient, lines } = await clientFor(cluster, { requestTimeout: '1h' });
    const { consumer, values, batches } = read(patient, topic, { stalledAfterMs: 2000, sessionTimeoutMs: 5000 });
    await client.producer().send(topic, records(0, 20));
    await until('the first', () => hasAll(values, 20));
    const { assignment } = batches[0]!;
    cluster.freeze();
    const { client: another } = await clientFor(cluster);
    await another.producer().send(topic, records(20, 40));
    await until('the others', () => hasAll(values, 40));
    expect(consumer.stats.restarts.stalled).toBeGreaterThan(0);
    expect(lines.some(({ msg }) => msg.startsWith('the consumer stands still ('))).toBe(true);
    expect(batches.at(-1)!.assignment).toBeGreaterThan(assignment);
    await Promise.all([consumer.close(), patient.close(), another.close()]);
  });

  it('goes on after the broker was killed and started again, and says each trouble once', async () => {
    const { client: own, lines } = await clientFor(cluster, SHORT);
    const topic = await newTopic(own);
    const producer = own.producer();
    const { consumer, values } = read(own, topic, { sessionTimeoutMs: 5000 });
    await producer.send(topic, records(0, 10));
    await until('the first', () => hasAll(values, 10));
    await cluster.broker(1).stop('SIGKILL');
    await expect(producer.send(topic, records(10, 11))).rejects.toMatchObject({ kind: 'unavailable' });
    await until('the problem', () => consumer.stats.problem?.kind === 'unavailable');
    await cluster.broker(1).start();
    await until('a send', () =>
      producer.send(topic, records(10, 20)).then(
        () => true,
        () => false,
      ),
    );
    await until('the rest', () => hasAll(values, 20));
    await until('the lag', async () => {
      const [lag] = await own.admin.groupLag(`${topic}.group`, [topic]).catch(() => []);
      return lag?.records === 0n;
    });
    expect(consumer.stats).toMatchObject({ joined: true, problem: undefined });
    expect(lines.filter(({ msg }) => msg === 'consuming again')).toHaveLength(1);
    const warnings = lines.filter(({ level }) => level >= WARN).map(({ msg }) => msg);
    expect(warnings.length).toBe(new Set(warnings).size);
    await own.close();
  });
});
