/** Collectors on a real broker and the real engine: what they store, commit, set aside and send back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, kafkaSettings } from '@tcewatch/kafka';
import type { KafkaClient } from '@tcewatch/kafka';
import { encodeBatch } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { KafkaCluster, missingForBroker } from '@tcewatch/testing/kafka';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import { recordingTelemetry } from '@tcewatch/testing/recording-telemetry';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../../src/cli/program.js';
import { loadCollectorConfig, startCollector, startEmbeddedClickHouse } from '../../../src/index.js';
import type { Collector, EmbeddedClickHouse } from '../../../src/index.js';
import { startWebhook } from '../../webhook.js';

const LOG = pino({ level: 'silent' });
const POLL_MS = 50;
const LIMIT_MS = 300_000;
const PASSWORD = 'of-these-tests';
const TOTALS = {
  vfa: { real: 0, virtual: 172_846, userspace: 0 },
  hot: { real: 0, virtual: 76_374, userspace: 30_871 },
};

interface Total {
  vm: string;
  hypercalls: { modes: { mode: string; calls: number | null }[] }[];
}

describe.skipIf(missingForBroker().length > 0)('collectors that read from Kafka', () => {
  let cluster: KafkaCluster;
  let client: KafkaClient;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let engine: EmbeddedClickHouse;
  /** Counters only grow: of every eighth reading and the last one the totals are the same. */
  let batches: Batch[];
  /** Of each test its own, as is the database. */
  let name: string;
  let tests = 0;

  beforeAll(async () => {
    const recorded = await recordedBatches('vfio-7.2');
    batches = recorded.filter((_, i) => i % 8 === 0 || i === recorded.length - 1);
    directory = await temporaryDirectory();
    engine = await startEngine(0);
    cluster = await KafkaCluster.start();
    client = await connect(kafkaSettings.parse({ brokers: cluster.addresses() }), { log: LOG });
  });
  afterAll(async () => {
    await client.close();
    await cluster.close();
    await engine.close();
    await directory.remove();
  });
  beforeEach(() => {
    name = `test${++tests}`;
  });

  function startEngine(port: number): Promise<EmbeddedClickHouse> {
    return startEmbeddedClickHouse({ directory: directory.path, password: PASSWORD, port, log: LOG });
  }

  function environment(): Record<string, string> {
    const kept = ['READINGS', 'MINUTES', 'HOURS', 'HOSTS', 'ALERTS'];
    return {
      TCEWATCH_COLLECTOR_CLICKHOUSE_URL: engine.url,
      TCEWATCH_COLLECTOR_CLICKHOUSE_USER: engine.username,
      TCEWATCH_COLLECTOR_CLICKHOUSE_PASSWORD: PASSWORD,
      TCEWATCH_COLLECTOR_CLICKHOUSE_DATABASE: name,
      TCEWATCH_COLLECTOR_LISTEN_PORT: '0',
      TCEWATCH_COLLECTOR_KAFKA_BROKERS: cluster.addresses().join(','),
      TCEWATCH_COLLECTOR_KAFKA_TOPIC: `${name}.batches`,
      TCEWATCH_COLLECTOR_KAFKA_DEAD_LETTER_TOPIC: `${name}.dead`,
      TCEWATCH_COLLECTOR_KAFKA_GROUP: name,
      TCEWATCH_COLLECTOR_KAFKA_TOPICS_PARTITIONS: '4',
      TCEWATCH_COLLECTOR_KAFKA_TOPICS_REPLICAS: '1',
      ...Object.fromEntries(kept.map((table) => [`TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_${table}`, '0'])),
    };
  }

  const telemetry = recordingTelemetry();
  const start = (): Promise<Collector> => startCollector(loadCollectorConfig(environment()), LOG, telemetry);

  async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + LIMIT_MS;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
      await sleep(POLL_MS);
    }
  }

  /** The topic is made by a collector; whoever sends before waits for it. */
  async function send(values: readonly Uint8Array[], headers = {}, key = 'vfio-7.2'): Promise<void> {
    const producer = client.producer();
    const records = values.map((value) => ({ key, value, headers }));
    await until('the records are written', () =>
      producer.send(`${name}.batches`, records).then(
        () => true,
        () => false,
      ),
    );
    await producer.close();
  }

  const unread = async (group = name, topic = `${name}.batches`): Promise<bigint> =>
    (await client.admin.groupLag(group, [topic])).reduce((sum, { records }) => sum + records, 0n);

  /** A topic that has just been made may have no leader yet. */
  const committed = () => until('all is committed', async () => (await unread().catch(() => undefined)) === 0n);

  async function calls(collector: Collector): Promise<Record<string, Record<string, number>>> {
    const response = await fetch(`${collector.url}/v1/counts`);
    const sums: Record<string, Record<string, number>> = {};
    for (const { vm, hypercalls } of (await response.json()) as Total[]) {
      const sum = (sums[vm] ??= { real: 0, virtual: 0, userspace: 0 });
      for (const { mode, calls } of hypercalls.flatMap(({ modes }) => modes)) {
        sum[mode] = (sum[mode] ?? 0) + (calls ?? NaN);
      }
    }
    return sums;
  }

  async function command(args: string[], settings: Record<string, string> = {}): Promise<string> {
    let text = '';
    const stdout = { write: (more: string) => (text += more) };
    const surroundings = {
      env: { ...environment(), ...settings },
      stdout,
      stderr: stdout,
      stop: new AbortController().signal,
      version: '0',
    };
    const status = await main(args, { ...surroundings, createLog: () => LOG });
    return `${text}status ${status}`;
  }

  const redrive = (...flags: string[]): Promise<string> => command(['redrive', ...flags]);

  it('are prepared by `migrate`, which refuses topics that are not as they must be', async () => {
    const ready = `ClickHouse has the database ${name}\nKafka has the topics ${name}.batches, ${name}.dead\nstatus 0`;
    expect(await command(['migrate'])).toBe(ready);
    expect(await command(['migrate'])).toBe(ready);
    const refused = await command(['migrate'], { TCEWATCH_COLLECTOR_KAFKA_TOPICS_PARTITIONS: '5' });
    expect(refused).toContain(`the topic ${name}.batches has 4 partitions, not 5: kafka-topics.sh`);
    expect(refused).toMatch(/status 1$/);
  });

  it('store every batch, set what is none aside, and send that back when they are told to', async () => {
    const collector = await start();
    const encoded = batches.map(encodeBatch);
    const [first = new Uint8Array(), ...rest] = encoded;
    await send([first, Buffer.from('no batch'), ...rest, new Uint8Array()]);
    const [reading, delivery] = ['a', 'b'].map((span) => `00-${'1'.repeat(32)}-${span.repeat(16)}-01`);
    const last = { ...batches.at(-1)!, traceparent: reading! };
    await send([encodeBatch(last)], { traceparent: delivery! });
    await committed();

    expect(await calls(collector)).toEqual(TOTALS);
    const metrics = await (await fetch(`${collector.url}/metrics`)).text();
    expect(metrics).toContain('tcewatch_collector_dead_letters_total{reason="malformed"} 2');
    expect(metrics).toContain(`tcewatch_collector_batches_total{outcome="accepted"} ${encoded.length + 1}`);
    // Its trace goes on from the step that the record's header tells of.
    const traced = telemetry.spans.filter(({ parent }) => parent === delivery).map((span) => span.traceparent);
    expect(traced).toHaveLength(1);
    expect(telemetry.spans.find(({ parent }) => parent === traced[0])).toMatchObject({ name: 'insert', ended: true });
    expect(metrics).toMatch(/tcewatch_collector_kafka_lag_records\{topic="test\d+.batches",partition="\d"\} 0/);
    expect(metrics).toContain('tcewatch_collector_kafka_joined 1');
    expect(metrics).toContain('tcewatch_collector_kafka_held_bytes 0');

    const listed = await redrive('--list');
    expect(listed).toMatch(/test\d+\.batches\/\d@1 {2}malformed {2}8 bytes .*\n/);
    expect(listed).toMatch(/\n2 dead letters\nstatus 0$/);
    // What is no batch is none the second time either: it comes back, and is not sent for ever.
    expect(await redrive()).toMatch(/2 dead letters sent back\nstatus 0$/);
    await until('they are dead again', async () => (await unread(`${name}-redrive`, `${name}.dead`)) === 2n);
    await committed();
    await collector.close();
  });

  it('store a dead letter that was sent back, once it can be taken', async () => {
    const collector = await start();
    const producer = client.producer();
    const letters = batches.map((batch) => ({ key: 'vfio-7.2', value: encodeBatch(batch) }));
    await until('the letters are written', () =>
      producer.send(`${name}.dead`, letters).then(
        () => true,
        () => false,
      ),
    );
    await producer.close();

    expect(await redrive()).toContain(`${letters.length} dead letters sent back`);
    expect(await redrive()).toContain('0 dead letters sent back');
    await committed();
    expect(await calls(collector)).toEqual(TOTALS);
    await collector.close();
  });

  it('take over from each other, and read again what was not stored', async () => {
    const [first, second] = [await start(), await start()];
    const encoded = batches.map(encodeBatch);
    const half = encoded.length / 2;
    await send(encoded.slice(0, half));
    await first.close();
    await send(encoded.slice(half));
    await committed();
    const third = await start();
    // What came twice, late and in another order changes nothing.
    await send(encoded.slice(0, half).reverse());
    await second.close();
    await committed();

    expect(await calls(third)).toEqual(TOTALS);
    await third.close();
  });

  it('tell of one alert once, though another goes on with it and all comes again', async () => {
    const webhook = await startWebhook();
    const notifiers = { TCEWATCH_COLLECTOR_NOTIFIERS: JSON.stringify([{ type: 'webhook', url: webhook.url }]) };
    const startTelling = (): Promise<Collector> =>
      startCollector(loadCollectorConfig({ ...environment(), ...notifiers }), LOG, telemetry);
    const isOwner = async ({ url }: Collector): Promise<boolean> =>
      (await (await fetch(`${url}/metrics`)).text()).includes('tcewatch_collector_alerts_firing 1');
    const collectors = [await startTelling(), await startTelling()];
    const encoded = batches.map(encodeBatch);
    // While the alert fires.
    const middle = batches.findIndex(({ clock }) => clock.uptimeNs > 330_000_000_000n);
    await send(encoded.slice(0, middle));
    await committed();
    await until('the alert is told', () => Promise.resolve(webhook.told.length > 0));
    const owners = await Promise.all(collectors.map(isOwner));
    expect(owners.toSorted()).toEqual([false, true]);

    await collectors[owners.indexOf(true)]?.close();
    await send(encoded.slice(middle));
    await committed();
    await until('its end is told', () => Promise.resolve(webhook.told.some(({ state }) => state === 'resolved')));
    await send(encoded);
    await committed();
    await collectors[owners.indexOf(false)]?.close();

    expect(new Set(webhook.told.map(({ alertId }) => alertId)).size).toBe(1);
    expect(webhook.told.map(({ revision }) => revision)).toEqual(webhook.told.map((_, i) => i));
    expect(webhook.told.map(({ state }) => state).lastIndexOf('firing')).toBe(webhook.told.length - 2);
    webhook.close();
  });

  it('commit nothing that ClickHouse does not have, and go on when it is back', async () => {
    const port = Number(new URL(engine.url).port);
    const collector = await start();
    const encoded = batches.map(encodeBatch);
    await send(encoded.slice(0, 5));
    await committed();
    await engine.close();
    await send(encoded.slice(5));
    await until('the store failed', async () => {
      const metrics = await (await fetch(`${collector.url}/metrics`)).text();
      return /tcewatch_collector_store_failures_total\{.*failure="unreachable".*\} [1-9]/.test(metrics);
    });
    expect(await unread()).toBe(BigInt(encoded.length - 5));
    engine = await startEngine(port);
    await committed();

    expect(await calls(collector)).toEqual(TOTALS);
    await collector.close();
  });

  it('stop at once while ClickHouse is away, and leave what they hold to the next', async () => {
    const port = Number(new URL(engine.url).port);
    const collector = await start();
    await send(batches.slice(0, 3).map(encodeBatch));
    await committed();
    await engine.close();
    await send(batches.map(encodeBatch));
    await collector.close();
    expect(await unread()).toBe(BigInt(batches.length));
    engine = await startEngine(port);
    const next = await start();
    await committed();
    expect(await calls(next)).toEqual(TOTALS);
    await next.close();
  });
});
