/**
 * The alerts of the rules. What the agents' counters show of the hypercalls has the name that the collector's own table
 * gives it, so that both share a runbook; what the programs tell of themselves is in a table here.
 */
import type { AlertName } from '@tcewatch/collector';

/** Alerts that the rules alone raise, each with its page in docs/runbooks. */
export const HEALTH_ALERTS = [
  'TceAgentDown',
  'TceAgentBlind',
  'TceAgentNotDelivering',
  'TceAgentOutboxFilling',
  'TceAgentBatchesLost',
  'TceCollectorDown',
  'TceReadingsStale',
  'TceStoreFailing',
  'TceAlertEventsWaiting',
  'TceDecodeFailures',
  'TceNotifierFailing',
  'TceNotificationsLost',
  'TceClickHouseRestarting',
  'TceConsumerLagging',
  'TceConsumerStalled',
  'TceRecordsSkipped',
  'TceDeadLetters',
] as const;

/** Name of an alert of either table. */
export type RuleAlertName = AlertName | (typeof HEALTH_ALERTS)[number];
