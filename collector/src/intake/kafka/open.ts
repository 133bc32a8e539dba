/** Opens what the intake from Kafka needs, by the configuration. */
import { connect } from '@tcewatch/kafka';
import type { Logger } from 'pino';
import type { CollectorConfig } from '../../config/index.js';
import { KafkaIntake } from './intake.js';
import type { KafkaIntakeOptions } from './intake.js';
import { checkTopics, topicSpecs } from './topics.js';

type Parts = Pick<KafkaIntakeOptions, 'check' | 'accept' | 'beforeTaking' | 'onHostsGone' | 'count'>;

export interface OpenKafkaIntake {
  intake: KafkaIntake;
  close(): Promise<void>;
}

const BACKOFF = { firstMs: 500, longestMs: 30_000 };

/** Needs no broker yet: until there is one, the intake says so in the log and in its state. */
export async function openKafkaIntake(
  { kafka, intake: { maxBytes, maxInFlight } }: CollectorConfig,
  parts: Parts,
  log: Logger,
): Promise<OpenKafkaIntake> {
  const client = await connect(kafka, { log });
  const intake = new KafkaIntake({
    ...parts,
    consumer: (handlers) =>
      client.consumer({ group: kafka.group, topics: [kafka.topic], from: 'earliest', ...handlers }),
    producer: client.producer(),
    deadLetterTopic: kafka.deadLetterTopic,
    maxBytes,
    maxInFlight,
    backoff: BACKOFF,
    log,
  });
  const closing = new AbortController();
  const checked = checkTopics(client.admin, topicSpecs(kafka, maxBytes), kafka.topics.create, {
    log,
    signal: closing.signal,
  }).then(() => {
    if (!closing.signal.aborted) intake.start();
  });
  return {
    intake,
    close: async () => {
      closing.abort();
      await checked;
      await intake.close();
      await client.close();
    },
  };
}
