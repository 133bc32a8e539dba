/** Batches to real brokers. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, kafkaSettings } from '@tcewatch/kafka';
import type { ConsumedRecord, KafkaClient } from '@tcewatch/kafka';
import { unpack } from '@tcewatch/recordings';
import { KafkaCluster, missingForBroker } from '@tcewatch/testing/kafka';
import { recordingTelemetry } from '@tcewatch/testing/recording-telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/config/schema.js';
import { createAgent } from '../../src/agent.js';
import { realPace } from '../../src/clock.js';
import { KafkaTransport } from '../../src/transport/kafka.js';
import { collectLog } from '../log/collect.js';
import { batch, never, outboxTo, sequenceOf } from '../outbox/surroundings.js';
import { ModelCollector } from '../run/collector.js';

const POLL_MS = 20;
const LARGEST_BYTES = 10_000;

describe.skipIf(missingForBroker().length > 0)('KafkaTransport', () => {
  const { log } = collectLog();
  let cluster: KafkaCluster;
  let client: KafkaClient;

  beforeAll(async () => {
    cluster = await KafkaCluster.start({ users: { agent: 'right' } });
    client = await connect(kafkaSettings.parse({ brokers: cluster.addresses() }), { log });
  });
  afterAll(async () => {
    await client.close();
    await cluster.close();
  });

  async function newTopic(): Promise<string> {
    const name = `test.${randomUUID()}`;
    const spec = { name, partitions: 4, replicationFactor: 1, retentionMs: -1, maxMessageBytes: LARGEST_BYTES };
    expect(await client.admin.ensureTopics([spec], true)).toEqual([]);
    return name;
  }

  const transportTo = (topic: string, given: Record<string, unknown> = {}) =>
    new KafkaTransport({ settings: kafkaSettings.parse({ brokers: cluster.addresses(), ...given }), topic, log });

  /** All that a topic holds, of each partition in order. */
  async function all(topic: string): Promise<ConsumedRecord[][]> {
    const partitions = new Map<number, ConsumedRecord[]>();
    const consumer = client.consumer({
      group: randomUUID(),
      topics: [topic],
      from: 'earliest',
      onBatch: ({ partition, records }) => {
        partitions.set(partition, [...(partitions.get(partition) ?? []), ...records]);
        return Promise.resolve();
      },
    });
    consumer.start();
    const isRead = async () => {
      const lag = await consumer.lag();
      return lag.length > 0 && lag.every(({ records }) => records === 0n);
    };
    while (!(await isRead())) await sleep(POLL_MS);
    await consumer.close();
    return [...partitions.values()];
  }

  const sequences = (records: readonly ConsumedRecord[]) =>
    records.map(({ value }) => sequenceOf({ bytes: value ?? new Uint8Array(2) }));

  it('brings the counts of a recorded host to a collector, to the call', async () => {
    const topic = await newTopic();
    const flags = {
      source: 'replay',
      'replay.directory': await unpack('vfio-7.2'),
      'replay.speed': '0',
      transport: 'kafka',
      'kafka.brokers': cluster.addresses().join(','),
      'kafka.topic': topic,
    };
    const config = loadAgentConfig({}, { flags });
    const telemetry = recordingTelemetry();
    const { loop, outbox } = createAgent({ config, version: '1', pace: realPace, log, telemetry });
    await loop.run(never);
    await outbox.drain(never);
    await outbox.close();

    const [records = [], ...others] = await all(topic);
    expect(others).toEqual([]);
    expect(new Set(records.map(({ key }) => Buffer.from(key!).toString())).size).toBe(1);
    expect(Buffer.from(records[0]!.headers['schema']!).toString()).toBe('tcewatch.v1.Batch');
    // Each message tells of its delivery, which is a part of its reading's trace.
    const readings = new Set(telemetry.spans.filter(({ name }) => name === 'reading').map((span) => span.traceparent));
    const told = new Set(records.map(({ headers }) => Buffer.from(headers['traceparent'] ?? []).toString()));
    const deliveries = telemetry.spans.filter(({ name, failure }) => name === 'deliver' && failure === undefined);
    expect(told).toEqual(new Set(deliveries.map((span) => span.traceparent)));
    expect(deliveries.every(({ parent }) => readings.has(parent ?? ''))).toBe(true);
    expect(told.size).toBe(records.length);
    const collector = new ModelCollector();
    for (const { value } of records) collector.take(value!);
    const sum = (of: Record<string, number>) => Object.values(of).reduce((a, b) => a + b, 0);
    expect(sum(collector.stored('entered'))).toBe(280_091);
    expect(sum(collector.stored('punted'))).toBe(30_871);
  });

  it('keeps batches while the broker is dead, and delivers them in order when it is back', async () => {
    const topic = await newTopic();
    const transport = transportTo(topic, { connectTimeout: '1s', requestTimeout: '2s' });
    const { outbox, lines } = outboxTo(transport);
    await outbox.send(batch(1));
    await outbox.drain(never);
    await cluster.broker(1).stop('SIGKILL');
    for (const n of [2, 3, 4]) await outbox.send(batch(n));
    while (outbox.stats.retried === 0) await sleep(POLL_MS);
    await cluster.broker(1).start();
    await outbox.drain(never);
    expect(outbox.stats).toMatchObject({ delivered: 4, rejected: new Map() });
    const [records = []] = await all(topic);
    expect([...new Set(sequences(records))]).toEqual([1, 2, 3, 4]);
    const said = lines.filter(({ transport: name }) => name === 'kafka').map(({ msg }) => msg);
    expect(said[0]).toMatch(/^cannot deliver: cannot write to the topic .*; batches are kept and tried again$/);
    expect(said.at(-1)).toBe('delivering again');
  });

  it('refuses a batch that is too large with its size, and delivers those around it', async () => {
    const topic = await newTopic();
    const { outbox, lines } = outboxTo(transportTo(topic));
    const large = batch(3, 'a', 50_000);
    for (let i = 2; i < large.bytes.length; i++) large.bytes[i] = Math.random() * 256;
    for (const one of [batch(1), batch(2), large, batch(4), batch(5)]) await outbox.send(one);
    await outbox.drain(never);
    expect(outbox.stats).toMatchObject({ delivered: 4, rejected: new Map([['too-large', 1]]) });
    const [records = []] = await all(topic);
    expect([...new Set(sequences(records))].sort()).toEqual([1, 2, 4, 5]);
    const message = `a batch of 50000 bytes is more than the topic ${topic} takes: raise its max.message.bytes`;
    expect(lines.some(({ msg }) => msg.includes(message))).toBe(true);
  });

  it('tries slowly again, and says why, where only people can help', async () => {
    const missing = transportTo('no.such.topic');
    expect(await missing.deliver([batch(1)], never)).toMatchObject({
      kind: 'retry',
      afterMs: 60_000,
      message: expect.stringMatching(/no\.such\.topic: .*; create it/) as string,
    });
    await missing.close();
    const stranger = transportTo(await newTopic(), {
      brokers: cluster.addresses('sasl'),
      tls: { enabled: true, ca: cluster.certificates.ca },
      sasl: { mechanism: 'scram-sha-256', username: 'agent', password: 'wrong' },
    });
    expect(await stranger.deliver([batch(1)], never)).toMatchObject({
      kind: 'retry',
      afterMs: 60_000,
      message: expect.stringMatching(/authentication failed.*; look at kafka\.tls and kafka\.sasl$/i) as string,
    });
    await stranger.close();
  });

  it('ends an attempt when it is told to', async () => {
    const controller = new AbortController();
    const transport = transportTo('t', { brokers: '127.0.0.1:1' });
    const verdict = transport.deliver([batch(1)], controller.signal);
    controller.abort();
    expect(await verdict).toMatchObject({ kind: 'retry', afterMs: 0 });
    await transport.close();
  });
});
