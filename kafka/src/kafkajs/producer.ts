/** Writes records. */
import { CompressionTypes, Partitioners } from 'kafkajs';
import type { Producer } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaSettings } from '../settings.js';
import type { KafkaProducer, KafkaRecord } from '../types.js';
import { Lazy } from './lazy.js';

/**
 * Idempotence is the library's within one call: after a failure it takes its sequence numbers back, though the brokers may
 * have the records. Other records under those numbers would be taken for duplicates and vanish, so the producer, and with it
 * its id, is thrown away after each failure ({@link Lazy}).
 */
export class KafkajsProducer implements KafkaProducer {
  readonly #lazy: Lazy<Producer>;
  readonly #requestTimeout: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(settings: KafkaSettings, log: Logger) {
    this.#requestTimeout = settings.requestTimeout;
    this.#lazy = new Lazy(settings, log, (kafka) =>
      kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        // Where Kafka's own clients put a key.
        createPartitioner: Partitioners.DefaultPartitioner,
      }),
    );
  }

  send(topic: string, records: readonly KafkaRecord[], signal?: AbortSignal): Promise<void> {
    const turn = this.#last.then(() => this.#send(topic, records, signal));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  close(): Promise<void> {
    return this.#lazy.close();
  }

  async #send(topic: string, records: readonly KafkaRecord[], signal?: AbortSignal): Promise<void> {
    const messages = records.map(({ key, value, headers }) => ({
      key,
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      ...(headers && { headers }),
    }));
    const request = { topic, messages, acks: -1, timeout: this.#requestTimeout, compression: CompressionTypes.GZIP };
    await this.#lazy.use(`cannot write to the topic ${topic}`, (producer) => producer.send(request), signal);
  }
}
