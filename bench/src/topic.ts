/**
 * From a topic of Kafka to rows in ClickHouse by the collector, against a consumer that throws away what it reads: both by
 * the same client, of the same real broker, each in a group of its own from the beginning of the topic. Broker, ClickHouse
 * and collector share the machine. Measured is from the assignment of the partitions to the last record, so with the fetching
 * and without the joining.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog, loadCollectorConfig, startCollector, startEmbeddedClickHouse } from '@tcewatch/collector';
import type { EmbeddedClickHouse } from '@tcewatch/collector';
import { connect, kafkaSettings } from '@tcewatch/kafka';
import type { KafkaClient } from '@tcewatch/kafka';
import { KafkaCluster } from '@tcewatch/kafka/testing';
import { encodeBatch } from '@tcewatch/protocol';
import { busyHost } from './batches.js';
import { compare } from './measure.js';
import type { Comparison, Timed } from './measure.js';

const TOPIC = 'bench.batches';
const PARTITIONS = 6;
const HOSTS = 64;
const READINGS = 40;
const SERIES = 1000;
const POLL_MS = 200;
/** Batches that ClickHouse has. */
const STORED = 'batches_total{outcome="accepted"}';
const TOPIC_SPEC = { replicationFactor: 1, retentionMs: 7 * 24 * 3_600_000, maxMessageBytes: 8 * 1024 * 1024 };

export async function measureTopic(rounds: number): Promise<Comparison> {
  const log = createLog({ level: 'silent' });
  const directory = await mkdtemp(join(tmpdir(), 'tcewatch-bench-'));
  const engine = await startEmbeddedClickHouse({ directory, log });
  const cluster = await KafkaCluster.start();
  const client = await connect(kafkaSettings.parse({ brokers: cluster.addresses() }), { log });
  try {
    await client.admin.ensureTopics([{ name: TOPIC, partitions: PARTITIONS, ...TOPIC_SPEC }], true);
    const seriesPerRecord = await fill(client);
    let round = 0;
    const next = (side: string): string => `${side}${++round}`;
    const timed = (seconds: number): Timed => ({ units: HOSTS * READINGS * seriesPerRecord, seconds });
    return await compare(
      { run: async () => timed(await collect(engine, cluster, next('collector'))) },
      { run: async () => timed(await throwAway(client, next('bare'))) },
      rounds,
    );
  } finally {
    await client.close();
    await cluster.close();
    await engine.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Resolves to how many series a record has. */
async function fill(client: KafkaClient): Promise<number> {
  const producer = client.producer();
  for (let n = 1; n <= READINGS; n++) {
    const records = Array.from({ length: HOSTS }, (_, i) => {
      return { key: `host-${i}`, value: encodeBatch(busyHost(`host-${i}`, SERIES, n)) };
    });
    await producer.send(TOPIC, records);
  }
  await producer.close();
  return busyHost('host-0', SERIES, 1).series.length;
}

/** Resolves to the seconds that it took. */
async function throwAway(client: KafkaClient, group: string): Promise<number> {
  let beganMs = NaN;
  let records = 0;
  const all = new AbortController();
  const consumer = client.consumer({
    group,
    topics: [TOPIC],
    from: 'earliest',
    onAssigned: () => {
      beganMs = performance.now();
    },
    onBatch: (batch) => {
      records += batch.records.length;
      if (records >= HOSTS * READINGS) all.abort();
      return Promise.resolve();
    },
  });
  consumer.start();
  try {
    await once(all.signal, 'abort');
    return (performance.now() - beganMs) / 1000;
  } finally {
    await consumer.close();
  }
}

/** The whole collector, with a database of its own. Resolves to the seconds that it took. */
async function collect(engine: EmbeddedClickHouse, cluster: KafkaCluster, name: string): Promise<number> {
  const kept = ['READINGS', 'MINUTES', 'HOURS', 'HOSTS', 'ALERTS'];
  const config = loadCollectorConfig({
    TCEWATCH_COLLECTOR_CLICKHOUSE_URL: engine.url,
    TCEWATCH_COLLECTOR_CLICKHOUSE_USER: engine.username,
    TCEWATCH_COLLECTOR_CLICKHOUSE_PASSWORD: engine.password,
    TCEWATCH_COLLECTOR_CLICKHOUSE_DATABASE: name,
    TCEWATCH_COLLECTOR_LISTEN_PORT: '0',
    TCEWATCH_COLLECTOR_KAFKA_BROKERS: cluster.addresses().join(','),
    TCEWATCH_COLLECTOR_KAFKA_GROUP: name,
    TCEWATCH_COLLECTOR_KAFKA_TOPIC: TOPIC,
    TCEWATCH_COLLECTOR_KAFKA_TOPICS_PARTITIONS: String(PARTITIONS),
    TCEWATCH_COLLECTOR_KAFKA_TOPICS_REPLICAS: '1',
    ...Object.fromEntries(kept.map((table) => [`TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_${table}`, '0'])),
  });
  const collector = await startCollector(config, createLog({ level: 'silent' }));
  try {
    while ((await metric(collector.url, 'kafka_partitions')) < PARTITIONS) await sleep(POLL_MS);
    const beganMs = performance.now();
    while ((await metric(collector.url, STORED)) < HOSTS * READINGS) await sleep(POLL_MS);
    return (performance.now() - beganMs) / 1000;
  } finally {
    await collector.close();
  }
}

/** What the collector counts or gauges; 0 before it is told. */
async function metric(url: string, name: string): Promise<number> {
  const response = await fetch(`${url}/metrics`);
  const prefix = `tcewatch_collector_${name} `;
  const line = (await response.text()).split('\n').find((text) => text.startsWith(prefix));
  return Number(line?.slice(prefix.length) ?? 0);
}
