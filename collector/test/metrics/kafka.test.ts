import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { KafkaIntakeState } from '../../src/intake/kafka/intake.js';
import { addKafkaMetrics } from '../../src/metrics/kafka.js';

const consumer: KafkaIntakeState['consumer'] = {
  joined: true,
  assigned: [],
  paused: [],
  rebalances: 2,
  restarts: { stalled: 1, crashed: 0 },
  skipped: 40n,
  problem: undefined,
};

it('shows counters as they stand, however often it is scraped', async () => {
  const registry = new Registry();
  const lag = () => Promise.resolve([{ topic: 't', partition: 0, position: 3n, end: 10n, records: 7n }]);
  addKafkaMetrics(registry, () => ({ bytes: 10, consumer, lag }));
  await registry.metrics();
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines).toEqual(
    expect.arrayContaining([
      'tcewatch_collector_kafka_joined 1',
      'tcewatch_collector_kafka_rebalances_total 2',
      'tcewatch_collector_kafka_skipped_records_total 40',
      'tcewatch_collector_kafka_restarts_total{why="stalled"} 1',
      'tcewatch_collector_kafka_restarts_total{why="crashed"} 0',
      'tcewatch_collector_kafka_lag_records{topic="t",partition="0"} 7',
    ]),
  );
});
