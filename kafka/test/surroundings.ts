/** What the tests of the client share: settings for a cluster, a log that can be looked at, and waiting for an end. */
import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { missingForBroker } from '@tcewatch/testing/kafka';
import type { KafkaCluster } from '@tcewatch/testing/kafka';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { connect, kafkaSettings } from '../src/index.js';
import type { ConsumedBatch, ConsumerOptions, KafkaClient, KafkaConsumer, KafkaSettings } from '../src/index.js';

/** Tests that need a broker are left out where none can be started; continuous integration counts that as failure. */
export const noBroker = missingForBroker().length > 0;

export interface LogLine extends Record<string, unknown> {
  level: number;
  msg: string;
}

export const WARN = 40;

export function collectLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as LogLine);
      done();
    },
  });
  return { log: pino({ level: 'debug' }, stream), lines };
}

export function settingsFor(cluster: KafkaCluster, given: Record<string, unknown> = {}): KafkaSettings {
  return kafkaSettings.parse({ brokers: cluster.addresses(), ...given });
}

export async function clientFor(
  cluster: KafkaCluster,
  given: Record<string, unknown> = {},
): Promise<{ client: KafkaClient; lines: LogLine[] }> {
  const { log, lines } = collectLog();
  return { client: await connect(settingsFor(cluster, given), { log }), lines };
}

/** A new topic of its own for each test. */
export async function newTopic(client: KafkaClient, partitions = 1, replicationFactor = 1): Promise<string> {
  const name = `test.${randomUUID()}`;
  const spec = { name, partitions, replicationFactor, retentionMs: -1, maxMessageBytes: 100_000 };
  const problems = await client.admin.ensureTopics([spec], true);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return name;
}

const POLL_MS = 20;
const LIMIT_MS = 240_000;

/** Waits for a condition, with a bound that only a failure reaches. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(POLL_MS);
  }
}

export const records = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({
    key: `host-${(from + i) % 50}`,
    value: Buffer.from(String(from + i)),
  }));

export interface Reading {
  consumer: KafkaConsumer;
  /** Values in the order of delivery. */
  values: number[];
  batches: ConsumedBatch[];
}

export const valuesOf = (batch: ConsumedBatch) =>
  batch.records.map(({ value }) => Number(Buffer.from(value ?? []).toString()));

/** A consumer that commits what it is given, unless told otherwise. */
export function read(
  client: KafkaClient,
  topic: string,
  options: Partial<ConsumerOptions> & { commits?: boolean } = {},
): Reading {
  const { commits = true, ...rest } = options;
  const values: number[] = [];
  const batches: ConsumedBatch[] = [];
  const consumer = client.consumer({
    group: `${topic}.group`,
    topics: [topic],
    from: 'earliest',
    onBatch: async (batch) => {
      batches.push(batch);
      values.push(...valuesOf(batch));
      if (commits) await consumer.commit([batch]).catch(() => undefined);
    },
    ...rest,
  });
  consumer.start();
  return { consumer, values, batches };
}

/** That every number of the range was delivered, however often. */
export const hasAll = (values: readonly number[], to: number) => new Set(values).size === to;
