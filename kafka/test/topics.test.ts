/** What is said of a topic that is not as it must be. */
import { describe, expect, it } from 'vitest';
import type { TopicSpec } from '../src/index.js';
import { judgeTopic } from '../src/topics.js';

const SPEC: TopicSpec = {
  name: 't',
  partitions: 3,
  replicationFactor: 1,
  retentionMs: 86_400_000,
  maxMessageBytes: 2_000_000,
};

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
