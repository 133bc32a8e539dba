/** The collectors' own health, whatever batches come by. */
import { CLICKHOUSE_RESTARTS, DETECTOR, NOTIFICATION_OVERDUE, READING_STALE, STALE_SHARE } from '../thresholds.js';
import { COLLECTOR_JOB, grown } from './expressions.js';
import type { Group } from './types.js';

/** Each collector tells of what it has taken itself, so the youngest age is that of the host. */
const AGES = 'min by (job, host) (tcewatch_collector_newest_reading_age_seconds)';

/** Hosts that are not heard of; those that are taken for removed are not among them. */
const STALE = `${AGES} > ${READING_STALE} < ${DETECTOR.forgetAfter}`;

export const collector: Group = {
  name: 'tcewatch-collector',
  rules: [
    {
      alert: 'TceCollectorDown',
      expr: `up{job="${COLLECTOR_JOB}"} == 0`,
      for: '2m',
      keepFiringFor: '2m',
      severity: 'critical',
      summary: 'The collector {{ $labels.instance }} cannot be scraped',
      description:
        'Prometheus has not reached the collector {{ $labels.instance }} for 2 minutes. Agents keep what they cannot deliver; nobody is alerted meanwhile.',
    },
    {
      alert: 'TceCollectorDown',
      expr: `absent(up{job="${COLLECTOR_JOB}"})`,
      for: '10m',
      keepFiringFor: '2m',
      severity: 'critical',
      cause: 'no-targets',
      summary: 'Prometheus knows no collector at all',
      description: `No target of the job ${COLLECTOR_JOB} has been there for 10 minutes.`,
    },
    {
      alert: 'TceReadingsStale',
      expr: STALE,
      for: '2m',
      keepFiringFor: '2m',
      severity: 'warning',
      summary: 'Host {{ $labels.host }} is not heard of',
      description:
        'The newest reading of host {{ $labels.host }} that is stored is {{ $value | humanizeDuration }} old: what is shown of it, and its alerts, stand still.',
    },
    {
      alert: 'TceReadingsStale',
      expr: `count by (job) (${STALE}) / count by (job) (${AGES} < ${DETECTOR.forgetAfter}) > ${STALE_SHARE}`,
      for: '2m',
      keepFiringFor: '2m',
      severity: 'critical',
      cause: 'pipeline',
      summary: 'Many hosts are not heard of',
      description:
        'Of {{ $value | humanizePercentage }} of all hosts the newest stored reading is more than 3 minutes old: look at the collectors, Kafka and ClickHouse first.',
    },
    {
      alert: 'TceStoreFailing',
      expr: 'sum by (job, instance, failure) (rate(tcewatch_collector_store_failures_total[5m])) > 0',
      for: '5m',
      keepFiringFor: '5m',
      severity: 'critical',
      summary: 'ClickHouse does not take what {{ $labels.instance }} inserts ({{ $labels.failure }})',
      description:
        'On {{ $labels.instance }} {{ $value | humanize }} inserts per second fail: {{ $labels.failure }}. Batches wait with the agents or in Kafka; no count is lost while they have room.',
    },
    {
      alert: 'TceAlertEventsWaiting',
      expr: 'tcewatch_collector_alert_events_pending > 0',
      for: '5m',
      keepFiringFor: '2m',
      severity: 'critical',
      summary: 'Alerts on {{ $labels.instance }} wait to be stored, and nobody is told',
      description:
        '{{ $value | humanize }} events of alerts on {{ $labels.instance }} wait for ClickHouse. Nobody is told of them before they are stored.',
    },
    {
      alert: 'TceDecodeFailures',
      expr: grown('tcewatch_collector_decode_failures_total', ['code', 'field']),
      for: '0m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'Batches reach {{ $labels.instance }} that it cannot read',
      description:
        'About {{ $value | humanize }} batches within 10 minutes could not be decoded on {{ $labels.instance }}: {{ $labels.code }} in {{ $labels.field }}.',
    },
    {
      alert: 'TceNotifierFailing',
      expr: 'sum by (job, instance, notifier) (rate(tcewatch_collector_notifications_total{outcome="retried"}[5m])) > 0',
      for: '10m',
      keepFiringFor: '5m',
      severity: 'warning',
      summary: 'The notifier {{ $labels.notifier }} of {{ $labels.instance }} does not get through',
      description:
        '{{ $value | humanize }} notifications per second of {{ $labels.notifier }} on {{ $labels.instance }} have to be tried again. They come late; after about ten minutes each is given up.',
    },
    {
      alert: 'TceNotifierFailing',
      expr: `tcewatch_collector_notification_oldest_age_seconds > ${NOTIFICATION_OVERDUE}
unless on (job, instance, notifier) rate(tcewatch_collector_notifications_total{outcome="retried"}[5m]) > 0`,
      for: '2m',
      keepFiringFor: '5m',
      severity: 'warning',
      cause: 'too-slow',
      summary: 'The notifier {{ $labels.notifier }} of {{ $labels.instance }} is behind',
      description:
        'The oldest notification of {{ $labels.notifier }} on {{ $labels.instance }} has waited for {{ $value | humanizeDuration }}, and none has to be tried again: they come faster than they can be told.',
    },
    {
      alert: 'TceNotificationsLost',
      expr: grown('tcewatch_collector_notifications_total{outcome=~"failed|dropped"}', ['notifier', 'outcome']),
      for: '0m',
      keepFiringFor: '15m',
      severity: 'critical',
      summary: 'Somebody was not told of an alert: {{ $labels.notifier }} {{ $labels.outcome }}',
      description:
        'About {{ $value | humanize }} notifications of {{ $labels.notifier }} on {{ $labels.instance }} were {{ $labels.outcome }} within 10 minutes. The alerts are in GET /v1/alerts.',
    },
    {
      alert: 'TceClickHouseRestarting',
      expr: `increase(tcewatch_collector_clickhouse_restarts_total[1h]) > ${CLICKHOUSE_RESTARTS}`,
      for: '0m',
      keepFiringFor: '30m',
      severity: 'warning',
      summary: 'The embedded ClickHouse of {{ $labels.instance }} keeps ending',
      description:
        'The embedded ClickHouse of {{ $labels.instance }} was started again about {{ $value | humanize }} times within an hour.',
    },
  ],
};
