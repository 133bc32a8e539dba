/** Writes records. */
import { CompressionTypes, Partitioners } from 'kafkajs';
import type { ICustomPartitioner, Kafka, Message, Producer } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaSettings } from '../settings.js';
import { KafkaError } from '../types.js';
import type { KafkaProducer, KafkaRecord } from '../types.js';
import { Lazy } from './lazy.js';

/**
 * Idempotence is the library's within one call: after a failure it takes its sequence numbers back, though the brokers
 * may have the records. Other records under those numbers would be taken for duplicates and vanish, so the producer,
 * and with it its id, is thrown away after each failure ({@link Lazy}).
 */
export class KafkajsProducer implements KafkaProducer {
  readonly #lazy: Lazy<VerifyingProducer>;
  readonly #requestTimeout: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(settings: KafkaSettings, log: Logger) {
    this.#requestTimeout = settings.requestTimeout;
    this.#lazy = new Lazy(settings, log, (kafka) => new VerifyingProducer(kafka));
  }

  send(topic: string, records: readonly KafkaRecord[], signal?: AbortSignal): Promise<void> {
    const turn = this.#last.then(() => this.#send(topic, records, signal));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  close(): Promise<void> {
    return this.#lazy.close();
  }

  #send(topic: string, records: readonly KafkaRecord[], signal?: AbortSignal): Promise<void> {
    const messages = records.map(({ key, value, headers }) => ({
      key,
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      ...(headers && { headers }),
    }));
    const doing = `cannot write to the topic ${topic}`;
    return this.#lazy.use(doing, (producer) => producer.send(topic, messages, this.#requestTimeout), signal);
  }
}

/**
 * The library's producer, and whether it did what it says. When one of several brokers fails and another, which has
 * answered by then, becomes the leader of its partitions, the library forgets their records: it asks no broker twice in
 * one call, and the call succeeds (its issue 1303). So what it says was written is compared with the partitions that
 * records were meant for.
 */
class VerifyingProducer {
  readonly #producer: Producer;
  #chosen = new Set<number>();
  /** Numbers of partitions that the topic was seen to have during one call. */
  #counts = new Set<number>();

  constructor(kafka: Kafka) {
    this.#producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: this.#partitioner,
    });
  }

  connect(): Promise<void> {
    return this.#producer.connect();
  }

  disconnect(): Promise<void> {
    return this.#producer.disconnect();
  }

  async send(topic: string, messages: Message[], timeout: number): Promise<void> {
    this.#chosen = new Set();
    this.#counts = new Set();
    const written = await this.#producer.send({
      topic,
      messages,
      acks: -1,
      timeout,
      compression: CompressionTypes.GZIP,
    });
    const answered = new Set(written.map(({ partition }) => partition));
    const forgotten = [...this.#chosen].some((partition) => !answered.has(partition));
    if (forgotten) throw new KafkaError('unavailable', `cannot write to the topic ${topic}: a leader changed`);
    if (this.#counts.size > 1) throw new KafkaError('unavailable', `cannot write to the topic ${topic}: it grew`);
  }

  /** Chooses the partition that Kafka's own clients choose for a key. */
  readonly #partitioner: ICustomPartitioner = () => {
    const choose = Partitioners.DefaultPartitioner();
    return (of) => {
      const partition = choose(of);
      this.#chosen.add(partition);
      this.#counts.add(of.partitionMetadata.length);
      return partition;
    };
  };
}
