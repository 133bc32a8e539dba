/** The way in. */
import type { Logger } from 'pino';
import type { KafkaSettings } from './settings.js';
import type { KafkaClient } from './types.js';

/** The library is loaded here, so that a program without Kafka does not carry it. No broker is needed yet. */
export async function connect(settings: KafkaSettings, { log }: { log: Logger }): Promise<KafkaClient> {
  const { KafkajsClient } = await import('./kafkajs/client.js');
  return new KafkajsClient(settings, log);
}
