/**
 * The dead-letter topic: records that can never be taken, as they came, with the reason and where they were. Their
 * headers are what `redrive` goes by.
 */
import { KafkaError } from '@tcewatch/kafka';
import type { KafkaProducer, KafkaRecord, TopicPartition } from '@tcewatch/kafka';
import type { BaseLogger } from 'pino';
import type { ErrorCode } from '../../errors.js';
import type { DeadLetter } from './decode.js';

/** Headers of a dead letter; the value and the key are those of the record. */
export const HEADERS = {
  /** Why it was not taken: a code in kebab-case, and words. */
  reason: 'tcewatch-reason',
  message: 'tcewatch-message',
  /** Field of the batch, where one is to blame. */
  field: 'tcewatch-field',
  /** Where it was. */
  topic: 'tcewatch-topic',
  partition: 'tcewatch-partition',
  offset: 'tcewatch-offset',
  /** Milliseconds since 1970 that the record bore. */
  timestamp: 'tcewatch-timestamp',
} as const;

const LONGEST_MESSAGE = 1024;

export interface DeadLetterOptions {
  producer: KafkaProducer;
  topic: string;
  log: BaseLogger;
  /** Called for each one with its reason. */
  count: (reason: ErrorCode) => void;
}

export class DeadLetters {
  constructor(private readonly options: DeadLetterOptions) {}

  /** Resolves when all are in the topic; rejects with KafkaError when that is worth another try. */
  async send(from: TopicPartition, letters: readonly DeadLetter[], signal: AbortSignal): Promise<void> {
    for (const letter of letters) {
      await this.#sendOne(from, letter, signal);
      this.options.count(letter.poison.code);
    }
  }

  async #sendOne(from: TopicPartition, letter: DeadLetter, signal: AbortSignal): Promise<void> {
    const { producer, topic, log } = this.options;
    const { code, message } = letter.poison;
    const where = { topic: from.topic, partition: from.partition, offset: String(letter.record.offset) };
    try {
      await producer.send(topic, [recordOf(from, letter)], signal);
      log.warn(
        { ...where, reason: code, message },
        'a record is no batch that can be taken; it is in the dead-letter topic',
      );
    } catch (error) {
      // It stays in its own topic for as long as that keeps it; to wait here would stop all that is behind it.
      if (!(error instanceof KafkaError && error.kind === 'too-large')) throw error;
      const fix = `raise max.message.bytes of ${topic}`;
      log.error({ ...where, reason: code, message }, `a record is too large for the dead-letter topic: ${fix}`);
    }
  }
}

function recordOf({ topic, partition }: TopicPartition, { record, poison }: DeadLetter): KafkaRecord {
  const { code, message, field } = poison;
  return {
    key: Buffer.from(record.key ?? []).toString('utf8'),
    value: record.value ?? new Uint8Array(),
    headers: {
      [HEADERS.reason]: code,
      [HEADERS.message]: message.slice(0, LONGEST_MESSAGE),
      ...(field !== undefined && { [HEADERS.field]: field }),
      [HEADERS.topic]: topic,
      [HEADERS.partition]: String(partition),
      [HEADERS.offset]: String(record.offset),
      [HEADERS.timestamp]: String(record.timestampMs),
    },
  };
}
