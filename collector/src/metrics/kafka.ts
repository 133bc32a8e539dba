/** Metrics of the intake from Kafka, for Prometheus. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { KafkaIntakeState } from '../intake/kafka/intake.js';

/** `state` is called at each scrape. */
export function addKafkaMetrics(registry: Registry, state: () => KafkaIntakeState): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: (now: KafkaIntakeState) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(state()));
      },
    });
  };
  const counter = (name: string, help: string, read: (now: KafkaIntakeState) => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read(state()));
      },
    });
  };
  gauge('tcewatch_collector_kafka_joined', 'Whether this collector is a member of its group', ({ consumer }) =>
    consumer.joined ? 1 : 0,
  );
  gauge('tcewatch_collector_kafka_partitions', 'Partitions that are read', ({ consumer }) => consumer.assigned.length);
  gauge(
    'tcewatch_collector_kafka_partitions_paused',
    'Those of them that wait for the store',
    ({ consumer }) => consumer.paused.length,
  );
  gauge('tcewatch_collector_kafka_held_bytes', 'Bytes of records that are not committed yet', ({ bytes }) => bytes);
  counter(
    'tcewatch_collector_kafka_rebalances_total',
    'Times that the group was joined',
    ({ consumer }) => consumer.rebalances,
  );
  counter(
    'tcewatch_collector_kafka_skipped_records_total',
    'Records that retention had deleted before they were read',
    ({ consumer }) => Number(consumer.skipped),
  );
  new Counter({
    name: 'tcewatch_collector_kafka_restarts_total',
    help: 'Times that the consumer was recreated, by why: it stalled, or the library gave up',
    labelNames: ['why'],
    registers,
    collect() {
      this.reset();
      for (const [why, times] of Object.entries(state().consumer.restarts)) this.inc({ why }, times);
    },
  });
  new Gauge({
    name: 'tcewatch_collector_kafka_lag_records',
    help: 'Records that are not read yet of the partitions that are; absent while the brokers do not answer',
    labelNames: ['topic', 'partition'],
    registers,
    async collect() {
      const lag = await state()
        .lag()
        .catch(() => []);
      this.reset();
      for (const { topic, partition, records } of lag) this.set({ topic, partition }, Number(records));
    },
  });
}
