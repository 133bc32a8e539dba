/** tcewatch itself: does what was seen arrive, and how late? */
import { ANY_FAILURE, DETECTOR, OUTBOX_MARKED_SHARE } from '../thresholds.js';
import { dashboard } from './frame.js';
import { metrics, plot, table } from './panels.js';
import { events, pipeline as queries } from './queries.js';

const NOT_SCRAPED = 'nothing of it is scraped by this Prometheus';
const RATE = '$__rate_interval';

export const pipeline = dashboard({
  uid: 'tcewatch-pipeline',
  title: 'Pipeline',
  description: 'Agents, outboxes, Kafka, collectors and ClickHouse: what waits, what failed, and how late it is.',
  annotations: events.annotations,
  panels: [
    metrics(
      {
        title: 'Agents and collectors',
        description: 'Programs that Prometheus can reach, and those that it cannot.',
        noValue: NOT_SCRAPED,
        unit: 'none',
      },
      [
        ['sum by (job) (up{job=~"tcewatch-.*"})', '{{job}} up'],
        ['sum by (job) (1 - up{job=~"tcewatch-.*"})', '{{job}} down'],
      ],
    ),
    metrics(
      {
        title: 'Outboxes',
        description: 'How full the outboxes of the agents are; from 1 on the past is thinned.',
        noValue: NOT_SCRAPED,
        unit: 'percentunit',
        thresholds: [[OUTBOX_MARKED_SHARE, 'orange']],
      },
      [['tcewatch_agent_outbox_bytes / tcewatch_agent_outbox_limit_bytes', '{{instance}}']],
    ),
    metrics(
      {
        title: 'Kafka lag',
        description: 'Records that are not read yet; no line while the brokers do not answer, or without Kafka.',
        noValue: NOT_SCRAPED,
        unit: 'short',
      },
      [['sum by (topic) (tcewatch_collector_kafka_lag_records)', '{{topic}}']],
    ),
    metrics(
      {
        title: 'Refused and undecodable batches',
        description:
          'Batches a second that were not accepted, that could not be decoded, or that went to the dead-letter topic.',
        noValue: NOT_SCRAPED,
        unit: 'ops',
        thresholds: [[ANY_FAILURE, 'orange']],
      },
      [
        [`sum by (outcome) (rate(tcewatch_collector_batches_total{outcome!="accepted"}[${RATE}]))`, '{{outcome}}'],
        [`sum by (code) (rate(tcewatch_collector_decode_failures_total[${RATE}]))`, 'undecodable: {{code}}'],
        [`sum by (reason) (rate(tcewatch_collector_dead_letters_total[${RATE}]))`, 'dead letter: {{reason}}'],
      ],
    ),
    metrics(
      {
        title: 'Rows inserted',
        description: 'Rows a second that ClickHouse has acknowledged, by table.',
        noValue: NOT_SCRAPED,
        unit: 'ops',
      },
      [[`sum by (table) (rate(tcewatch_collector_store_rows_total[${RATE}]))`, '{{table}}']],
    ),
    metrics(
      {
        title: 'Insert latency',
        description: 'The 99th percentile of the time that an insert takes, by table.',
        noValue: NOT_SCRAPED,
        unit: 's',
      },
      [
        [
          `histogram_quantile(0.99, sum by (table, le) (rate(tcewatch_collector_store_insert_seconds_bucket[${RATE}])))`,
          '{{table}}',
        ],
      ],
    ),
    metrics(
      {
        title: 'Failed inserts',
        description: 'Tries of inserts a second that failed, by why. They are tried again.',
        noValue: NOT_SCRAPED,
        unit: 'ops',
        thresholds: [[ANY_FAILURE, 'orange']],
      },
      [[`sum by (failure) (rate(tcewatch_collector_store_failures_total[${RATE}]))`, '{{failure}}']],
    ),
    metrics(
      {
        title: 'Freshness',
        description: `Age of the newest stored reading of the host that is furthest behind; orange from the ${DETECTOR.silentAfter} s after which a host is silent by default.`,
        noValue: NOT_SCRAPED,
        unit: 's',
        thresholds: [[DETECTOR.silentAfter, 'orange']],
      },
      [['max(tcewatch_collector_newest_reading_age_seconds)', 'oldest']],
    ),
    plot(
      {
        title: 'From reading to collector',
        description:
          'The shortest delay of each ten minutes, clocks of host and collector compared; negative: a host ahead.',
        noValue: 'no host was read in this range',
        unit: 's',
      },
      queries.delay,
    ),
    table(
      {
        title: 'Tables',
        description: 'Parts, rows and size on disk of the tables of the data source’s database.',
        noValue: 'no tables in the default database of the data source',
        unit: 'short',
      },
      queries.parts,
      { 'on disk': { unit: 'bytes' } },
    ),
    table(
      {
        title: 'Disks',
        description: 'Disks of ClickHouse.',
        noValue: 'ClickHouse tells of no disk',
        unit: 'bytes',
      },
      queries.disks,
    ),
  ],
});
