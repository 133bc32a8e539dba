/** The library behind the interface of `types.ts`. */
import type { Logger } from 'pino';
import type { KafkaSettings } from '../settings.js';
import type { ConsumerOptions, KafkaClient, KafkaConsumer, KafkaProducer } from '../types.js';
import { KafkajsAdmin } from './admin.js';
import { KafkajsConsumer } from './consumer.js';
import { KafkajsProducer } from './producer.js';

export class KafkajsClient implements KafkaClient {
  readonly admin: KafkajsAdmin;
  readonly #settings: KafkaSettings;
  readonly #log: Logger;
  readonly #made = new Set<{ close(): Promise<void> }>();

  constructor(settings: KafkaSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
    this.admin = this.#keep(new KafkajsAdmin(settings, log));
  }

  producer(): KafkaProducer {
    return this.#keep(new KafkajsProducer(this.#settings, this.#log));
  }

  consumer(options: ConsumerOptions): KafkaConsumer {
    return this.#keep(new KafkajsConsumer(this.#settings, options, this.admin, this.#log));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made].map((one) => one.close()));
  }

  #keep<T extends { close(): Promise<void> }>(one: T): T {
    this.#made.add(one);
    return one;
  }
}
