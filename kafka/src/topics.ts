/** What is wrong with a topic, and the command that mends it. Pure. */
import type { TopicProblem, TopicSpec } from './types.js';

/** A topic as it is; what the client may not see is undefined. */
export interface TopicState {
  partitions: number;
  replicationFactor: number;
  retentionMs: number | undefined;
  maxMessageBytes: number | undefined;
}

/** Lists all that is wrong with a topic that is there. `brokers` is what Kafka's tools are to connect to. */
export function judgeTopic(spec: TopicSpec, is: TopicState, brokers: string): TopicProblem[] {
  const { name: topic, partitions, replicationFactor, retentionMs, maxMessageBytes } = spec;
  const problems: TopicProblem[] = [];
  const alter = `kafka-configs.sh --bootstrap-server ${brokers} --alter --entity-type topics --entity-name ${topic}`;
  if (is.partitions < partitions) {
    const message = `the topic ${topic} has ${is.partitions} partitions, not ${partitions}`;
    problems.push({
      topic,
      message,
      fix: `${topicsCommand(brokers)} --alter --topic ${topic} --partitions ${partitions}`,
    });
  }
  if (is.replicationFactor < replicationFactor) {
    const message = `the topic ${topic} has ${is.replicationFactor} replicas, not ${replicationFactor}`;
    problems.push({ topic, message, fix: moreReplicas(topic, is.partitions, replicationFactor, brokers) });
  }
  if (is.retentionMs !== undefined && isShorter(is.retentionMs, retentionMs)) {
    const message = `the topic ${topic} has retention.ms=${is.retentionMs}, less than ${retentionMs}`;
    problems.push({ topic, message, fix: `${alter} --add-config retention.ms=${retentionMs}` });
  }
  if (is.maxMessageBytes !== undefined && is.maxMessageBytes < maxMessageBytes) {
    const message = `the topic ${topic} has max.message.bytes=${is.maxMessageBytes}, less than ${maxMessageBytes}`;
    problems.push({ topic, message, fix: `${alter} --add-config max.message.bytes=${maxMessageBytes}` });
  }
  return problems;
}

/**
 * Says how to give a topic more replicas. No tool of Kafka's chooses the brokers by itself: whoever runs it says which.
 */
function moreReplicas(topic: string, partitions: number, replicas: number, brokers: string): string {
  const file = `replicas-of-${topic}.json`;
  const example = JSON.stringify({
    version: 1,
    partitions: [{ topic, partition: 0, replicas: Array.from({ length: replicas }, (_, i) => i + 1) }],
  });
  return (
    `on a cluster of at least ${replicas} brokers, write ${file} with ${replicas} broker ids for each partition from 0 ` +
    `to ${partitions - 1}, the leader first, such as '${example}', then run kafka-reassign-partitions.sh ` +
    `--bootstrap-server ${brokers} --reassignment-json-file ${file} --execute`
  );
}

/** Says that a topic is not there, for the reason given. */
export function missingTopic(spec: TopicSpec, why: string, brokers: string): TopicProblem {
  const { name, partitions, replicationFactor } = spec;
  const configs = Object.entries(topicConfig(spec)).map(([key, value]) => `--config ${key}=${value}`);
  const create = `--create --topic ${name} --partitions ${partitions} --replication-factor ${replicationFactor}`;
  return {
    topic: name,
    message: `the topic ${name} ${why}`,
    fix: [topicsCommand(brokers), create, ...configs].join(' '),
  };
}

/** The configuration of a new topic. */
export function topicConfig({ retentionMs, maxMessageBytes }: TopicSpec): Record<string, string> {
  return { 'retention.ms': String(retentionMs), 'max.message.bytes': String(maxMessageBytes) };
}

function topicsCommand(brokers: string): string {
  return `kafka-topics.sh --bootstrap-server ${brokers}`;
}

/** Tells whether records are kept for less time; -1 is for ever. */
function isShorter(retentionMs: number, than: number): boolean {
  return retentionMs !== -1 && (than === -1 || retentionMs < than);
}
