/** One host, or some: its VMs, what its agent could see, and what was lost. */
import { DELIVERY_OVERDUE } from '../thresholds.js';
import { dashboard } from './frame.js';
import { ALERT_COLUMNS, NOT_OBSERVABLE, metrics, modePlot, table, toVm } from './panels.js';
import { events, host as queries } from './queries.js';

const HIDDEN = { hidden: true };

export const host = dashboard({
  uid: 'tcewatch-host',
  title: 'Host',
  description: 'The VMs of a host by mode, how the figures are known, and the health of its agent.',
  annotations: events.annotationsOfHosts,
  variables: ['host'],
  panels: [
    modePlot(
      {
        title: 'Hypercalls by VM and mode',
        description: 'Calls a second of each VM. Modes that cannot be observed have no line.',
        noValue: 'the host was not read in this range',
        unit: 'ops',
        span: 24,
      },
      queries.rates,
    ),
    table(
      {
        title: 'VMs by mode',
        description: 'Mean calls a second over the range, by VM and mode, and how the figure is known.',
        noValue: NOT_OBSERVABLE,
        unit: 'ops',
      },
      queries.vms,
      { VM: toVm(), life: HIDDEN, 'host id': HIDDEN },
    ),
    table(
      {
        title: 'Entries per call',
        description: 'TCE entries that a call asked for, of the hypercalls that ask for several.',
        noValue: 'not told by the source',
        unit: 'none',
      },
      queries.entries,
    ),
    table(
      {
        title: 'Losses',
        description: 'Events that the kernel saw since the beginning, and those of them that are in no count, by why.',
        noValue: 'nothing is accounted for yet',
        unit: 'short',
      },
      queries.losses,
    ),
    table(
      {
        title: 'Evidence',
        description: 'How the figures of each VM and mode are known, and why so.',
        noValue: 'no VM was seen in this range',
        unit: 'none',
      },
      queries.evidence,
    ),
    table(
      {
        title: 'Agents',
        description: 'What each agent told of itself in its newest reading, and what was in its way.',
        noValue: 'no agent ever reported',
        unit: 'none',
      },
      queries.problems,
      { read: { width: 150 }, problems: { noValue: 'none' } },
    ),
    metrics(
      {
        title: 'Outbox of the agents',
        description: 'Time since the oldest reading that waits to be delivered was taken. All agents that are scraped.',
        noValue: 'no agent is scraped by this Prometheus',
        unit: 's',
        thresholds: [[DELIVERY_OVERDUE.atLeast, 'orange']],
      },
      [['tcewatch_agent_outbox_oldest_age_seconds', '{{instance}}']],
    ),
    table(
      {
        title: 'Alerts',
        description: 'Alerts about these hosts and their VMs in the range.',
        noValue: 'no alerts in this range',
        unit: 'none',
        span: 24,
      },
      events.ofHosts,
      { ...ALERT_COLUMNS, VM: { ...ALERT_COLUMNS['VM'], ...toVm() } },
    ),
  ],
});
