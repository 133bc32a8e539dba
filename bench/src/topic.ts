/**
 * Measures the way from a topic of Kafka to rows in ClickHouse by the collector, against a consumer that throws away
 * what it reads: both by the same client, of the same real broker, each in a group of its own from the beginning of the
 * topic. Broker, ClickHouse and collector share the machine. Measured is from the assignment of the partitions to the
 * last record, so with the fetching and without the joining. Two more sides say where the time goes: a consumer that
 * decodes what it throws away, and the engine alone, which is given the same readings as ready blocks and which no
 * collector can be faster than.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ClickHouse,
  ChangeFilter,
  encodeReadings,
  loadCollectorConfig,
  openStore,
  startCollector,
  startEmbeddedClickHouse,
} from '@tcewatch/collector';
import type { EmbeddedClickHouse } from '@tcewatch/collector';
import { createLog } from '@tcewatch/common';
import { connect, kafkaSettings } from '@tcewatch/kafka';
import type { KafkaClient } from '@tcewatch/kafka';
import { decodeBatch, encodeBatch } from '@tcewatch/protocol';
import { KafkaCluster } from '@tcewatch/testing/kafka';
import { busyHost } from './batches.js';
import { rates } from './measure.js';
import type { Timed } from './measure.js';

const TOPIC = 'bench.batches';
const PARTITIONS = 6;
const HOSTS = 64;
const READINGS = 40;
const SERIES = 1000;
const POLL_MS = 50;
/** Readings of each host in one block of the engine's side: some half a million rows. */
const READINGS_OF_BLOCK = 8;
const TOPIC_SPEC = { replicationFactor: 1, retentionMs: 7 * 24 * 3_600_000, maxMessageBytes: 8 * 1024 * 1024 };

/** Series readings per second. */
export type TopicMeasurement = Record<'collector' | 'bare' | 'decoding' | 'engine', number>;

export async function measureTopic(rounds: number): Promise<TopicMeasurement> {
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
    const side = (secondsOf: () => Promise<number>): { run: () => Promise<Timed> } => ({
      run: async () => ({ units: HOSTS * READINGS * seriesPerRecord, seconds: await secondsOf() }),
    });
    return await rates(
      {
        collector: side(() => collect(engine, { client, cluster, name: next('collector') })),
        bare: side(() => throwAway(client, next('bare'))),
        decoding: side(() => throwAway(client, next('decoding'), decodeBatch)),
        engine: side(() => insertReady(engine, next('ready'))),
      },
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
async function throwAway(client: KafkaClient, group: string, before?: (value: Uint8Array) => unknown): Promise<number> {
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
      for (const { value } of batch.records) if (value) before?.(value);
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

/**
 * Blocks of the readings in the topic, made beforehand, into a database of their own. Resolves to the inserts' seconds.
 */
async function insertReady(engine: EmbeddedClickHouse, database: string): Promise<number> {
  const forEver = { readings: 0, minutes: 0, hours: 0, hosts: 0, alerts: 0 };
  const log = createLog({ level: 'silent' });
  const store = await openStore({ clickhouse: engine, database, retention: forEver, log });
  await store.close();
  const tables = new ClickHouse(engine, database);
  const remembered = new ChangeFilter();
  let seconds = 0;
  for (let first = 1; first <= READINGS; first += READINGS_OF_BLOCK) {
    const batches = Array.from({ length: HOSTS * READINGS_OF_BLOCK }, (_, i) =>
      busyHost(`host-${i % HOSTS}`, SERIES, first + Math.floor(i / HOSTS)),
    );
    const block = encodeReadings(batches.map((batch) => ({ batch, known: remembered.recall(batch) }))).encoded();
    const beganMs = performance.now();
    await tables.insertEncoded('readings', block);
    seconds += (performance.now() - beganMs) / 1000;
  }
  await tables.close();
  return seconds;
}

interface CollectOptions {
  client: KafkaClient;
  cluster: KafkaCluster;
  /** The name of the group and of the database. */
  name: string;
}

/** The whole collector, with a database of its own. Resolves to the seconds until it has committed the whole topic. */
async function collect(engine: EmbeddedClickHouse, { client, cluster, name }: CollectOptions): Promise<number> {
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
    while (await isBehind(client, name)) await sleep(POLL_MS);
    return (performance.now() - beganMs) / 1000;
  } finally {
    await collector.close();
  }
}

/** Whether the group has anything of the topic left to commit, which it does when ClickHouse has it. */
async function isBehind(client: KafkaClient, group: string): Promise<boolean> {
  // A broker that is short of time may not know for a moment that it leads.
  const lag = await client.admin.groupLag(group, [TOPIC]).catch(() => undefined);
  return lag?.every(({ position, end }) => position === end) !== true;
}

/** What the collector counts or gauges; 0 before it is told. */
async function metric(url: string, name: string): Promise<number> {
  const response = await fetch(`${url}/metrics`);
  const prefix = `tcewatch_collector_${name} `;
  const line = (await response.text()).split('\n').find((text) => text.startsWith(prefix));
  return Number(line?.slice(prefix.length) ?? 0);
}
