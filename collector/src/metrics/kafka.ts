/** What the collector says of its intake from Kafka to Prometheus. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { KafkaIntakeState } from '../intake/kafka/intake.js';

export interface KafkaMetrics {
  deadLetters: Counter<'reason'>;
}

/** `state` is called at each scrape; undefined before the intake is open. */
export function createKafkaMetrics(registry: Registry, state: () => KafkaIntakeState | undefined): KafkaMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, read: (now: KafkaIntakeState) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const now = state();
        if (now) this.set(read(now));
      },
    });
  };
  gauge('tcewatch_collector_kafka_joined', 'Whether this collector is a member of its group', ({ consumer }) =>
    consumer.joined ? 1 : 0,
  );
  gauge('tcewatch_collector_kafka_partitions', 'Partitions that are read', ({ consumer }) => consumer.assigned.length);
  gauge('tcewatch_collector_kafka_partitions_paused', 'Those of them that wait for the store', ({ consumer }) =>
    consumer.paused.length,
  );
  gauge('tcewatch_collector_kafka_held_bytes', 'Bytes of records that are not committed yet', ({ bytes }) => bytes);
  gauge('tcewatch_collector_kafka_rebalances', 'Times that the group was joined', ({ consumer }) => consumer.rebalances);
  gauge('tcewatch_collector_kafka_skipped_records', 'Records that retention had deleted before they were read', (now) =>
    Number(now.consumer.skipped),
  );
  new Gauge({
    name: 'tcewatch_collector_kafka_restarts',
    help: 'Times that the consumer was made anew, by why: it stalled, or the library gave up',
    labelNames: ['why'],
    registers,
    collect() {
      const { restarts } = state()?.consumer ?? {};
      for (const [why, times] of Object.entries(restarts ?? {})) this.set({ why }, times);
    },
  });
  new Gauge({
    name: 'tcewatch_collector_kafka_lag_records',
    help: 'Records that are not read yet of the partitions that are; absent while the brokers do not answer',
    labelNames: ['topic', 'partition'],
    registers,
    async collect() {
      const lag = await state()
        ?.lag()
        .catch(() => []);
      this.reset();
      for (const { topic, partition, records } of lag ?? []) this.set({ topic, partition }, Number(records));
    },
  });
  return {
    deadLetters: new Counter({
      name: 'tcewatch_collector_dead_letters_total',
      help: 'Records that went to the dead-letter topic, by reason',
      labelNames: ['reason'],
      registers,
    }),
  };
}
