/** Topics of the collector: what they must be like, and the check of it that goes on until brokers have answered. */
import type { KafkaAdmin, TopicSpec } from '@tcewatch/kafka';
import pRetry from 'p-retry';
import type { BaseLogger } from 'pino';
import type { KafkaConfig } from '../../config/index.js';

/** Bytes by which a dead letter is larger than its record: its headers. */
const HEADERS_BYTES = 64 * 1024;
/** Partitions of the dead-letter topic: letters are few, and their order says nothing. */
const DEAD_LETTER_PARTITIONS = 1;

/** Lists what the topics must be like; `maxBytes` are those of one batch. */
export function topicSpecs({ topic, deadLetterTopic, topics }: KafkaConfig, maxBytes: number): TopicSpec[] {
  const same = { replicationFactor: topics.replicas, retentionMs: topics.retention };
  return [
    { name: topic, partitions: topics.partitions, ...same, maxMessageBytes: maxBytes },
    {
      name: deadLetterTopic,
      partitions: DEAD_LETTER_PARTITIONS,
      ...same,
      maxMessageBytes: maxBytes + HEADERS_BYTES,
    },
  ];
}

/** Logs what is wrong with the topics, with the command that mends it. Resolves when the brokers have answered, or on abort. */
export async function checkTopics(
  admin: KafkaAdmin,
  specs: readonly TopicSpec[],
  create: boolean,
  { log, signal }: { log: BaseLogger; signal: AbortSignal },
): Promise<void> {
  const options = { retries: Infinity, minTimeout: 1000, maxTimeout: 60_000, randomize: true, signal };
  let said: string | undefined;
  try {
    const problems = await pRetry(() => admin.ensureTopics(specs, create), {
      ...options,
      onFailedAttempt: ({ error: { message } }) => {
        if (message !== said) log.warn(`the topics cannot be looked at: ${message}`);
        said = message;
      },
    });
    for (const { topic, message, fix } of problems) log.warn({ topic, fix }, message);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
