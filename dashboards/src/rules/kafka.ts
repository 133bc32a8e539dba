/** The collectors' intake from Kafka. */
import { CONSUMER_RESTARTS, KAFKA_BEHIND } from '../thresholds.js';
import { grown } from './expressions.js';
import type { Group } from './types.js';

const LAG = 'tcewatch_collector_kafka_lag_records';
const ACCEPTED = 'rate(tcewatch_collector_batches_total{outcome="accepted"}[5m])';

export const kafka: Group = {
  name: 'tcewatch-kafka',
  rules: [
    {
      alert: 'TceConsumerLagging',
      expr: `sum by (job) (${LAG}) / (sum by (job) (${ACCEPTED}) > 0) > ${KAFKA_BEHIND}`,
      for: '10m',
      keepFiringFor: '5m',
      severity: 'warning',
      summary: 'The collectors are behind what is in Kafka',
      description:
        'At their present speed the collectors of {{ $labels.job }} need {{ $value | humanizeDuration }} for what is in Kafka already. Alerts and what is shown come that late.',
    },
    {
      alert: 'TceConsumerStalled',
      expr: `sum by (job, instance) (${LAG}) > 0
unless on (job, instance) ${ACCEPTED} > 0`,
      for: '5m',
      keepFiringFor: '2m',
      severity: 'critical',
      cause: 'no-progress',
      summary: '{{ $labels.instance }} takes nothing from Kafka though there is something',
      description:
        '{{ $value | humanize }} records wait in the partitions of {{ $labels.instance }}, and it has taken none for 5 minutes.',
    },
    {
      alert: 'TceConsumerStalled',
      expr: 'tcewatch_collector_kafka_joined == 0',
      for: '5m',
      keepFiringFor: '2m',
      severity: 'critical',
      cause: 'not-joined',
      summary: '{{ $labels.instance }} is no member of its consumer group',
      description:
        '{{ $labels.instance }} has not been a member of its consumer group for 5 minutes (joined: {{ $value | humanize }}): it reads nothing.',
    },
    {
      alert: 'TceConsumerStalled',
      expr: `sum by (job, instance, why) (increase(tcewatch_collector_kafka_restarts_total[1h])) > ${CONSUMER_RESTARTS}`,
      for: '0m',
      keepFiringFor: '30m',
      severity: 'warning',
      cause: 'restarting',
      summary: 'The Kafka consumer of {{ $labels.instance }} is recreated again and again',
      description:
        'The consumer of {{ $labels.instance }} was recreated about {{ $value | humanize }} times within an hour: it {{ $labels.why }}.',
    },
    {
      alert: 'TceRecordsSkipped',
      expr: grown('tcewatch_collector_kafka_skipped_records_total'),
      for: '0m',
      keepFiringFor: '15m',
      severity: 'critical',
      summary: 'Kafka deleted records before {{ $labels.instance }} had read them',
      description:
        'About {{ $value | humanize }} records were deleted within 10 minutes before {{ $labels.instance }} had read them. Counts of epochs that ended in them are gone; all others come with later readings.',
    },
    {
      alert: 'TceDeadLetters',
      expr: grown('tcewatch_collector_dead_letters_total', ['reason']),
      for: '0m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'Records went to the dead-letter topic ({{ $labels.reason }})',
      description:
        'About {{ $value | humanize }} records within 10 minutes could never be taken by {{ $labels.instance }}: {{ $labels.reason }}. They are kept, and can be sent back once what refused them is mended.',
    },
  ],
};
