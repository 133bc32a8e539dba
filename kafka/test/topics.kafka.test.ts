/** Topics as they must be on a broker; each fix is done by Kafka's own tools. */
import { KafkaCluster } from '@tcewatch/testing/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaClient, TopicSpec } from '../src/index.js';
import { clientFor, noBroker } from './surroundings.js';

const SPEC: TopicSpec = {
  name: 't',
  partitions: 3,
  replicationFactor: 1,
  retentionMs: 86_400_000,
  maxMessageBytes: 2_000_000,
};

describe.skipIf(noBroker)('ensureTopics', () => {
  let cluster: KafkaCluster;
  let client: KafkaClient;

  beforeAll(async () => {
    cluster = await KafkaCluster.start();
    ({ client } = await clientFor(cluster));
  });
  afterAll(async () => {
    await client.close();
    await cluster.close();
  });

  it('creates what is not there, when told to', async () => {
    const spec = { ...SPEC, name: 'created' };
    const [problem] = await client.admin.ensureTopics([spec], false);
    expect(problem).toMatchObject({ topic: 'created', message: expect.stringContaining('is not there') as string });
    expect(await client.admin.ensureTopics([spec], true)).toEqual([]);
    expect(await client.admin.ensureTopics([spec], false)).toEqual([]);
    expect(await cluster.run('kafka-topics.sh --describe --topic created')).toMatch(/PartitionCount: 3/);
  });

  it('says how to create it, and that is right', async () => {
    const spec = { ...SPEC, name: 'by-hand' };
    const [problem] = await client.admin.ensureTopics([spec], false);
    await cluster.run(problem!.fix);
    expect(await client.admin.ensureTopics([spec], false)).toEqual([]);
  });

  it('says what is wrong with what is there and how to mend it, and that is right', async () => {
    const name = 'small';
    await client.admin.ensureTopics([{ ...SPEC, name, partitions: 1, retentionMs: 1000, maxMessageBytes: 1000 }], true);
    const spec = { ...SPEC, name };
    const problems = await client.admin.ensureTopics([spec], true);
    expect(problems.map(({ message }) => message)).toEqual([
      'the topic small has 1 partitions, not 3',
      'the topic small has retention.ms=1000, less than 86400000',
      'the topic small has max.message.bytes=1000, less than 2000000',
    ]);
    for (const { fix } of problems) await cluster.run(fix);
    expect(await client.admin.ensureTopics([spec], false)).toEqual([]);
  });

  it('says why it cannot create one', async () => {
    const [problem] = await client.admin.ensureTopics([{ ...SPEC, name: 'wide', replicationFactor: 3 }], true);
    expect(problem?.message).toMatch(/^the topic wide cannot be created: .*replication/i);
  });
});
