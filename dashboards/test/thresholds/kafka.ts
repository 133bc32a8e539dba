/** The intake from Kafka, from both sides of each threshold. */
import { CRITICAL, WARNING, collector, constant, perMinute, rarely } from './threshold.js';
import type { Series, Threshold } from './threshold.js';

/** Records that wait, and those that are taken in a minute. */
function lag(records: number, accepted: number): Series {
  return {
    ...collector('tcewatch_collector_kafka_lag_records', constant(records)),
    ...collector('tcewatch_collector_batches_total', perMinute(accepted), ',outcome="accepted"'),
  };
}

export const OF_KAFKA: readonly Threshold[] = [
  {
    alert: 'TceConsumerLagging',
    labels: WARNING,
    what: 'five minutes of work for ten minutes',
    fires: lag(301, 60),
    inMinute: 11,
    calm: lag(300, 60),
  },
  {
    alert: 'TceConsumerStalled',
    labels: { ...CRITICAL, cause: 'no-progress' },
    what: 'a record that waits, for 5 minutes',
    fires: lag(1, 0),
    inMinute: 5,
    calm: lag(0, 0),
  },
  {
    alert: 'TceConsumerStalled',
    labels: { ...CRITICAL, cause: 'not-joined' },
    what: 'no member for 5 minutes',
    fires: collector('tcewatch_collector_kafka_joined', constant(0)),
    inMinute: 5,
    calm: collector('tcewatch_collector_kafka_joined', constant(1)),
  },
  {
    alert: 'TceConsumerStalled',
    labels: { ...WARNING, cause: 'restarting' },
    what: 'four restarts; scraped rarely, so that three look like more',
    fires: collector('tcewatch_collector_kafka_restarts_total', `${rarely(7)} ${rarely(11)}`, ',why="w"'),
    inMinute: 70,
    calm: collector('tcewatch_collector_kafka_restarts_total', `${rarely(7)} ${rarely(10)}`, ',why="w"'),
  },
];
