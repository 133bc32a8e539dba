/** Topics as they must be; each fix is done by Kafka's own tools. */
import { KafkaCluster } from '@tcewatch/testing/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaClient, TopicSpec } from '../src/index.js';
import { judgeTopic } from '../src/topics.js';
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

describe('judgeTopic', () => {
  const is = { partitions: 3, replicationFactor: 1, retentionMs: 86_400_000, maxMessageBytes: 2_000_000 };

  it('is content with more', () => {
    expect(judgeTopic(SPEC, is, 'b:1')).toEqual([]);
    const more = { partitions: 9, replicationFactor: 3, retentionMs: -1, maxMessageBytes: 9_000_000 };
    expect(judgeTopic(SPEC, more, 'b:1')).toEqual([]);
  });

  it('takes no time for for ever', () => {
    const [problem] = judgeTopic({ ...SPEC, retentionMs: -1 }, is, 'b:1');
    expect(problem?.fix).toMatch(/--bootstrap-server b:1 .* --add-config retention\.ms=-1$/);
  });

  it('says nothing of what it may not see', () => {
    expect(judgeTopic(SPEC, { ...is, retentionMs: undefined, maxMessageBytes: undefined }, 'b:1')).toEqual([]);
    expect(judgeTopic({ ...SPEC, replicationFactor: 2 }, is, 'b:1')).toHaveLength(1);
  });

  it('says of too few replicas what to write, where, and what to run', () => {
    const [problem] = judgeTopic({ ...SPEC, replicationFactor: 2 }, is, 'b:1');
    expect(problem).toEqual({
      topic: 't',
      message: 'the topic t has 1 replicas, not 2',
      fix:
        'on a cluster of at least 2 brokers, write replicas-of-t.json with 2 broker ids for each partition from 0 to 2, ' +
        'the leader first, such as \'{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2]}]}\', then ' +
        'run kafka-reassign-partitions.sh --bootstrap-server b:1 --reassignment-json-file replicas-of-t.json --execute',
    });
  });
});
