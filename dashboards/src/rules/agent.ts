/** The agents' own health. */
import { DELIVERY_OVERDUE, OUTBOX_FULL, OUTBOX_OLD, READING_OVERDUE } from '../thresholds.js';
import { AGENT_JOB, grown } from './expressions.js';
import type { AlertingRule, Group } from './types.js';

/** Batches whose counts are gone, or are no longer on their way: one rule for each way to lose them. */
const LOSSES = [
  ['discarded', 'tcewatch_agent_batches_discarded_total', 'a full outbox dropped the last batches of an epoch'],
  ['rejected', 'tcewatch_agent_batches_rejected_total', 'the other side refused batches for good'],
  ['unreadable', 'tcewatch_agent_batches_unreadable_total', 'batches could not be read from the outbox'],
  ['corrupt', 'tcewatch_agent_outbox_corrupt_files_total', 'damaged files of the outbox were set aside'],
] as const;

export const agent: Group = {
  name: 'tcewatch-agent',
  rules: [
    {
      alert: 'TceAgentDown',
      expr: `up{job="${AGENT_JOB}"} == 0`,
      for: '5m',
      keepFiringFor: '2m',
      severity: 'warning',
      summary: 'The agent on {{ $labels.instance }} cannot be scraped',
      description:
        'Prometheus has not reached the agent on {{ $labels.instance }} for 5 minutes: lost acceleration on that host goes unseen here.',
    },
    {
      alert: 'TceAgentDown',
      expr: `absent(up{job="${AGENT_JOB}"})`,
      for: '10m',
      keepFiringFor: '2m',
      severity: 'critical',
      cause: 'no-targets',
      summary: 'Prometheus knows no agent at all',
      description: `No target of the job ${AGENT_JOB} has been there for 10 minutes: nothing is known of any host.`,
    },
    {
      alert: 'TceAgentBlind',
      expr: `tcewatch_agent_newest_reading_age_seconds > ${overdue(READING_OVERDUE)}`,
      for: '3m',
      keepFiringFor: '2m',
      severity: 'critical',
      cause: 'no-readings',
      summary: 'The agent on {{ $labels.instance }} has no readings any more',
      description:
        'The newest reading of {{ $labels.instance }} is {{ $value | humanizeDuration }} old: nothing is known of the VMs of that host since. The log of the agent says why.',
    },
    {
      alert: 'TceAgentBlind',
      expr: 'tcewatch_agent_readings_total == 0',
      for: '5m',
      keepFiringFor: '2m',
      severity: 'critical',
      cause: 'never-read',
      summary: 'The agent on {{ $labels.instance }} has never had a reading',
      description:
        'The agent on {{ $labels.instance }} has had {{ $value | humanize }} readings since it started: nothing is known of the VMs of that host. Its log says why.',
    },
    {
      alert: 'TceAgentBlind',
      expr: 'tcewatch_agent_problems > 0',
      for: '15m',
      keepFiringFor: '5m',
      severity: 'warning',
      cause: 'problems',
      summary: 'The agent on {{ $labels.instance }} does not see everything',
      description:
        '{{ $value | humanize }} things are in the way of what the agent on {{ $labels.instance }} reads. Its log says which, and what to do.',
    },
    {
      alert: 'TceAgentNotDelivering',
      expr: `tcewatch_agent_newest_delivered_age_seconds > ${overdue(DELIVERY_OVERDUE)}
or
(tcewatch_agent_outbox_oldest_age_seconds > ${DELIVERY_OVERDUE.atLeast} unless tcewatch_agent_newest_delivered_age_seconds)`,
      for: '5m',
      keepFiringFor: '2m',
      severity: 'warning',
      summary: 'The agent on {{ $labels.instance }} cannot deliver',
      description:
        'The newest reading of {{ $labels.instance }} that was delivered is {{ $value | humanizeDuration }} old. Counts are kept in the outbox; alerts of the collector come late.',
    },
    {
      alert: 'TceAgentOutboxFilling',
      expr: `predict_linear(tcewatch_agent_outbox_bytes[30m], ${OUTBOX_FULL.within}) > tcewatch_agent_outbox_limit_bytes
and tcewatch_agent_outbox_bytes > ${OUTBOX_FULL.fromShare} * tcewatch_agent_outbox_limit_bytes`,
      for: '15m',
      keepFiringFor: '10m',
      severity: 'warning',
      summary: 'The outbox of {{ $labels.instance }} will be full within 4 hours',
      description:
        'In 4 hours {{ $value | humanize1024 }}B will wait in the outbox of {{ $labels.instance }}, more than it may hold. From then on it thins the past: time resolution is lost, and no count.',
    },
    {
      alert: 'TceAgentOutboxFilling',
      expr: `tcewatch_agent_outbox_oldest_age_seconds > ${OUTBOX_OLD}`,
      for: '15m',
      keepFiringFor: '10m',
      severity: 'warning',
      cause: 'old',
      summary: 'Readings have waited for hours in the outbox of {{ $labels.instance }}',
      description: 'The oldest reading in the outbox of {{ $labels.instance }} is {{ $value | humanizeDuration }} old.',
    },
    ...LOSSES.map(([cause, metric, what]): AlertingRule => ({
      alert: 'TceAgentBatchesLost',
      expr: grown(metric, cause === 'rejected' ? ['reason'] : []),
      for: '0m',
      keepFiringFor: '15m',
      severity: 'critical',
      cause,
      summary: `Counts of {{ $labels.instance }} are lost: ${what}`,
      description: `{{ $labels.instance }}: ${what} (about {{ $value | humanize }} within 10 minutes). The counts of an epoch that has ended are gone; those of the running one come with its next batch.`,
    })),
  ],
};

/** PromQL: the seconds of so many intervals of the agent, or the least. */
function overdue({ intervals, atLeast }: { intervals: number; atLeast: number }): string {
  return `clamp_min(${intervals} * tcewatch_agent_interval_seconds, ${atLeast})`;
}
