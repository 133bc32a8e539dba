/** The agents' health, from both sides of each threshold. */
import { AGENT, CRITICAL, WARNING, agent, constant } from './threshold.js';
import type { Series, Threshold } from './threshold.js';

function outbox(bytes: string, limit: number): Series {
  return {
    ...agent('tcewatch_agent_outbox_bytes', bytes),
    [`tcewatch_agent_outbox_limit_bytes{${AGENT}}`]: constant(limit),
  };
}

export const OF_AGENT: readonly Threshold[] = [
  {
    alert: 'TceAgentDown',
    labels: WARNING,
    what: 'down for 5 minutes',
    fires: { [`up{${AGENT}}`]: constant(0) },
    inMinute: 5,
    calm: { [`up{${AGENT}}`]: constant(1) },
  },
  {
    alert: 'TceAgentDown',
    labels: { ...CRITICAL, cause: 'no-targets' },
    what: 'no target for 10 minutes',
    fires: { 'up{job="another"}': constant(1) },
    inMinute: 10,
    calm: { [`up{${AGENT}}`]: constant(0) },
  },
  {
    alert: 'TceAgentBlind',
    labels: { ...CRITICAL, cause: 'no-readings' },
    what: 'a minute without a reading',
    fires: agent('tcewatch_agent_newest_reading_age_seconds', constant(61)),
    inMinute: 3,
    calm: agent('tcewatch_agent_newest_reading_age_seconds', constant(60)),
  },
  {
    alert: 'TceAgentBlind',
    labels: { ...CRITICAL, cause: 'no-readings' },
    what: 'five long intervals without a reading',
    fires: agent('tcewatch_agent_newest_reading_age_seconds', constant(151), 30),
    inMinute: 3,
    calm: agent('tcewatch_agent_newest_reading_age_seconds', constant(150), 30),
  },
  {
    alert: 'TceAgentBlind',
    labels: { ...CRITICAL, cause: 'never-read' },
    what: 'no reading for 5 minutes',
    fires: agent('tcewatch_agent_readings_total', constant(0)),
    inMinute: 5,
    calm: agent('tcewatch_agent_readings_total', constant(1)),
  },
  {
    alert: 'TceAgentBlind',
    labels: { ...WARNING, cause: 'problems' },
    what: 'a problem for a quarter of an hour',
    fires: agent('tcewatch_agent_problems', constant(1)),
    inMinute: 15,
    calm: agent('tcewatch_agent_problems', constant(0)),
  },
  {
    alert: 'TceAgentNotDelivering',
    labels: WARNING,
    what: 'two minutes without a delivery',
    fires: agent('tcewatch_agent_newest_delivered_age_seconds', constant(121)),
    inMinute: 5,
    calm: agent('tcewatch_agent_newest_delivered_age_seconds', constant(120)),
  },
  {
    alert: 'TceAgentNotDelivering',
    labels: WARNING,
    what: 'five long intervals without a delivery',
    fires: agent('tcewatch_agent_newest_delivered_age_seconds', constant(301), 60),
    inMinute: 5,
    calm: agent('tcewatch_agent_newest_delivered_age_seconds', constant(300), 60),
  },
  {
    alert: 'TceAgentNotDelivering',
    labels: WARNING,
    what: 'two minutes in the outbox, and never a delivery',
    fires: agent('tcewatch_agent_outbox_oldest_age_seconds', constant(121)),
    inMinute: 5,
    calm: agent('tcewatch_agent_outbox_oldest_age_seconds', constant(120)),
  },
  {
    alert: 'TceAgentOutboxFilling',
    labels: WARNING,
    what: 'more than a quarter of the limit: 250,000 bytes in minute 1',
    fires: outbox('240000+10000x120', 1_000_000),
    inMinute: 17,
    // Grows as fast, up to the quarter and then from the beginning anew.
    calm: outbox('240000+10000x1 240000+10000x1 240000+10000x1 240000+10000x1 240000+10000x1', 1_000_000),
  },
  {
    alert: 'TceAgentOutboxFilling',
    labels: WARNING,
    what: 'full within 4 hours, from minute 11 on',
    fires: outbox('500000+1000x120', 750_500),
    inMinute: 26,
    calm: outbox('500000+1000x20 520000x100', 780_000),
  },
  {
    alert: 'TceAgentOutboxFilling',
    labels: { ...WARNING, cause: 'old' },
    what: 'six hours in the outbox',
    fires: agent('tcewatch_agent_outbox_oldest_age_seconds', constant(21_601)),
    inMinute: 15,
    calm: agent('tcewatch_agent_outbox_oldest_age_seconds', constant(21_600)),
  },
];
