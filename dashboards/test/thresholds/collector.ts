/** The collectors' health, from both sides of each threshold. */
import { COLLECTOR, CRITICAL, WARNING, collector, constant, perMinute, rarely } from './threshold.js';
import type { Series, Threshold } from './threshold.js';

/** Hosts of which so many were read a second too long ago. */
function stale(hosts: number, of: number): Series {
  return Object.fromEntries(
    Array.from({ length: of }, (_, host) => [
      `tcewatch_collector_newest_reading_age_seconds{${COLLECTOR},host="h${host}"}`,
      constant(host < hosts ? 181 : 180),
    ]),
  );
}

export const OF_COLLECTOR: readonly Threshold[] = [
  {
    alert: 'TceCollectorDown',
    labels: CRITICAL,
    what: 'down for 2 minutes',
    fires: { [`up{${COLLECTOR}}`]: constant(0) },
    inMinute: 2,
    calm: { [`up{${COLLECTOR}}`]: constant(1) },
  },
  {
    alert: 'TceCollectorDown',
    labels: { ...CRITICAL, cause: 'no-targets' },
    what: 'no target for 10 minutes',
    fires: { 'up{job="another"}': constant(1) },
    inMinute: 10,
    calm: { [`up{${COLLECTOR}}`]: constant(0) },
  },
  {
    alert: 'TceReadingsStale',
    labels: WARNING,
    what: '3 minutes',
    fires: collector('tcewatch_collector_newest_reading_age_seconds', constant(181), ',host="h"'),
    inMinute: 2,
    calm: collector('tcewatch_collector_newest_reading_age_seconds', constant(180), ',host="h"'),
  },
  {
    alert: 'TceReadingsStale',
    labels: WARNING,
    what: 'less than a week',
    fires: collector('tcewatch_collector_newest_reading_age_seconds', constant(604_799), ',host="h"'),
    inMinute: 2,
    calm: collector('tcewatch_collector_newest_reading_age_seconds', constant(604_800), ',host="h"'),
  },
  {
    alert: 'TceReadingsStale',
    labels: { ...CRITICAL, cause: 'pipeline' },
    what: 'more than a quarter of the hosts',
    fires: stale(6, 23),
    inMinute: 2,
    calm: stale(6, 24),
  },
  {
    alert: 'TceStoreFailing',
    labels: CRITICAL,
    what: 'any failure for 5 minutes',
    fires: collector('tcewatch_collector_store_failures_total', perMinute(1), ',failure="timeout"'),
    inMinute: 6,
    calm: collector('tcewatch_collector_store_failures_total', constant(7), ',failure="timeout"'),
  },
  {
    alert: 'TceAlertEventsWaiting',
    labels: CRITICAL,
    what: 'an event for 5 minutes',
    fires: collector('tcewatch_collector_alert_events_pending', constant(1)),
    inMinute: 5,
    calm: collector('tcewatch_collector_alert_events_pending', constant(0)),
  },
  {
    alert: 'TceNotifierFailing',
    labels: WARNING,
    what: 'any try again for 10 minutes',
    fires: collector('tcewatch_collector_notifications_total', perMinute(1), ',notifier="n",outcome="retried"'),
    inMinute: 11,
    calm: collector('tcewatch_collector_notifications_total', constant(7), ',notifier="n",outcome="retried"'),
  },
  {
    alert: 'TceNotifierFailing',
    labels: { ...WARNING, cause: 'too-slow' },
    what: 'two minutes',
    fires: collector('tcewatch_collector_notification_oldest_age_seconds', constant(121), ',notifier="n"'),
    inMinute: 2,
    calm: collector('tcewatch_collector_notification_oldest_age_seconds', constant(120), ',notifier="n"'),
  },
  {
    alert: 'TceClickHouseRestarting',
    labels: WARNING,
    what: 'two restarts; scraped rarely, so that one looks like more',
    fires: collector('tcewatch_collector_clickhouse_restarts_total', `${rarely(7)} ${rarely(9)}`),
    inMinute: 70,
    calm: collector('tcewatch_collector_clickhouse_restarts_total', `${rarely(7)} ${rarely(8)}`),
  },
];
