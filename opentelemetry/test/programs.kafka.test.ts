/** Both programs with a real broker between them: the trace goes on by the header of each message. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BATCHES_TOPIC, connect, kafkaSettings } from '@tcewatch/kafka';
import { KafkaCluster, missingForBroker } from '@tcewatch/testing/kafka';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ancestryIn, receiveOtlp } from './otlp-receiver.js';
import type { OtlpReceiver } from './otlp-receiver.js';
import { receiveWebhook, replay } from './replay.js';

const POLL_MS = 100;
const LIMIT_MS = 300_000;
const GROUP = 'tcewatch-collector';

describe.skipIf(missingForBroker().length > 0)('programs with Kafka between them', () => {
  let base: string;
  let otlp: OtlpReceiver;
  let cluster: KafkaCluster;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'tcewatch-'));
    [otlp, cluster] = await Promise.all([receiveOtlp(), KafkaCluster.start()]);
  });
  afterAll(async () => {
    await cluster.close();
    await otlp.close();
    await rm(base, { recursive: true, force: true });
  });

  it('tell the whole way of each reading, and on to the alert and the notification, as one trace', async () => {
    const brokers = cluster.addresses().join(',');
    const client = await connect(kafkaSettings.parse({ brokers: cluster.addresses() }), {
      log: pino({ level: 'silent' }),
    });
    /** The agent ends when all that it read is in the topic. */
    const taken = async (): Promise<void> => {
      const deadline = Date.now() + LIMIT_MS;
      const lag = () => client.admin.groupLag(GROUP, [BATCHES_TOPIC]);
      while ((await lag()).some(({ records }) => records > 0n)) {
        if (Date.now() > deadline) throw new Error('the collector does not take what is in the topic');
        await sleep(POLL_MS);
      }
      await client.close();
    };
    const webhook = await receiveWebhook();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
    await replay(join(base, 'kafka'), { env, webhook: webhook.url, kafka: { brokers, taken } });
    await webhook.close();

    const named = (name: string) => otlp.spans.filter((span) => span.name === name);
    const ancestry = ancestryIn(otlp.spans);
    const before = ['intake of tcewatch-collector', 'deliver of tcewatch-agent', 'reading of tcewatch-agent'];
    const readings = new Set(named('reading').map(({ traceId }) => traceId));
    expect(readings.size).toBeGreaterThan(50);
    expect(new Set(named('insert').map(({ traceId }) => traceId))).toEqual(readings);
    const ways = new Set(named('insert').map((span) => ancestry(span).join(' < ')));
    expect([...ways]).toEqual([['insert of tcewatch-collector', ...before].join(' < ')]);

    const way = ['notify of tcewatch-collector', 'alert of tcewatch-collector', ...before];
    expect(named('notify').map(ancestry)).toEqual([way, way, way]);
    const told = webhook.traceparents.map((text) => text?.split('-').slice(1, 3));
    expect(told).toEqual(named('notify').map(({ traceId, spanId }) => [traceId, spanId]));
  });
});
