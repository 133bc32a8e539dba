/**
 * Writes batches to a topic of Kafka, each as one message, keyed by its host, so that each host's stay in order. One
 * attempt is one write; whatever is in doubt is written again, since a batch that comes twice changes no result.
 */
import { BATCHES_TOPIC, KafkaError, connect, kafkaSettings, topicName } from '@tcewatch/kafka';
import type { KafkaClient, KafkaProducer, KafkaRecord, KafkaSettings } from '@tcewatch/kafka';
import type { Logger } from 'pino';
import { defineTransport } from './transport.js';
import type { AttemptLimits, EncodedBatch, OutgoingBatch, Transport, Verdict } from './transport.js';

export const kafka = defineTransport({
  settings: {
    kafka: kafkaSettings
      .extend({ topic: topicName(BATCHES_TOPIC).describe('Topic that batches are written to; it must be there.') })
      .prefault({}),
  },
  missing: ({ kafka: { brokers } }) =>
    brokers.length === 0 ? { path: ['kafka', 'brokers'], fix: 'give host:port of some brokers' } : undefined,
  create: ({ kafka: { topic, ...settings } }, log) => new KafkaTransport({ settings, topic, log }),
});

export interface KafkaTransportOptions {
  settings: KafkaSettings;
  topic: string;
  log: Logger;
}

/** Message of batch.proto in the record's value; the batch itself names its version. */
const SCHEMA = 'tcewatch.v1.Batch';
/** Pause between attempts where only people can help: short enough that nobody need restart the agent afterwards. */
const SLOW_RETRY_MS = 60_000;

export class KafkaTransport implements Transport {
  readonly name = 'kafka';
  /**
   * Limits of one attempt: what a topic takes at once by default, before compression; more in one partition would have
   * to be sent in parts.
   */
  readonly attemptLimits: Readonly<AttemptLimits> = { batches: 256, bytes: 1024 * 1024 };
  readonly #options: KafkaTransportOptions;
  #connected: Promise<{ client: KafkaClient; producer: KafkaProducer }> | undefined;

  constructor(options: KafkaTransportOptions) {
    this.#options = options;
  }

  async deliver(batches: readonly OutgoingBatch[], signal: AbortSignal): Promise<Verdict> {
    try {
      const { producer } = await (this.#connected ??= this.#connect());
      await producer.send(this.#options.topic, batches.map(recordOf), signal);
      return { kind: 'settled', refusals: new Map() };
    } catch (error) {
      return verdictOf(error, batches, this.#options.topic);
    }
  }

  async close(): Promise<void> {
    const connected = await this.#connected;
    await connected?.client.close();
  }

  async #connect(): Promise<{ client: KafkaClient; producer: KafkaProducer }> {
    const { settings, log } = this.#options;
    const client = await connect(settings, { log });
    return { client, producer: client.producer() };
  }
}

function recordOf({ bytes, hostId, traceparent }: OutgoingBatch): KafkaRecord {
  return { key: hostId, value: bytes, headers: { schema: SCHEMA, ...(traceparent !== undefined && { traceparent }) } };
}

/** Judges the batches of an attempt by its failure. */
export function verdictOf(error: unknown, batches: readonly EncodedBatch[], topic: string): Verdict {
  if (!(error instanceof KafkaError)) return { kind: 'retry', afterMs: SLOW_RETRY_MS, message: String(error) };
  const { kind, message } = error;
  switch (kind) {
    case 'unavailable':
    case 'closed':
      return { kind: 'retry', afterMs: 0, message };
    case 'too-large':
      return batches.length > 1 ? { kind: 'too-large' } : refusal(batches, topic);
    case 'unknown-topic':
      return { kind: 'retry', afterMs: SLOW_RETRY_MS, message: `${message}; create it, docs/guides/kafka.md says how` };
    case 'not-authorised':
      return { kind: 'retry', afterMs: SLOW_RETRY_MS, message: `${message}; allow Write and Describe on the topic` };
    case 'authentication':
      return { kind: 'retry', afterMs: SLOW_RETRY_MS, message: `${message}; look at kafka.tls and kafka.sasl` };
    case 'refused':
      return { kind: 'retry', afterMs: SLOW_RETRY_MS, message };
  }
}

/** Returns the verdict for a batch that is too large: one cannot be split. */
function refusal(batches: readonly EncodedBatch[], topic: string): Verdict {
  const bytes = batches[0]?.bytes.length ?? 0;
  const message = `a batch of ${bytes} bytes is more than the topic ${topic} takes: raise its max.message.bytes`;
  return { kind: 'settled', refusals: new Map([[0, { reason: 'too-large', message }]]) };
}
