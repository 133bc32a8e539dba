/** The fleet: is anybody slower than they should be? */
import { StackingMode } from '@grafana/grafana-foundation-sdk/common';
import { VM_STATE_WORDS } from '@tcewatch/protocol';
import { DETECTOR } from '../thresholds.js';
import { dashboard } from './frame.js';
import { ALERT_COLUMNS, NOT_OBSERVABLE, modeAreas, stat, table, toHost, toVm } from './panels.js';
import { events, fleet as queries } from './queries.js';

const HIDDEN = { hidden: true };

export const fleet = dashboard({
  uid: 'tcewatch-fleet',
  title: 'Fleet',
  description: 'How the TCE hypercalls of all VMs are handled, which VMs fall back to userspace, and why.',
  annotations: events.annotations,
  panels: [
    stat(
      {
        title: 'VMs',
        description:
          'VMs by their state at the end of the range, by their calls of the minutes before and the alerts that fired, ' +
          `as the collector's page has it. ${Object.values(VM_STATE_WORDS)
            .map(({ label, meaning }) => `${label}: ${meaning}`)
            .join(' ')}`,
        noValue: 'no VM was ever seen',
        unit: 'none',
        span: 24,
        height: 4,
      },
      queries.states,
      { 'falling back': 'orange', silent: 'red', unobservable: 'purple', idle: 'text', accelerated: 'green' },
    ),
    modeAreas(
      {
        title: 'Hypercalls by mode',
        description:
          'The share of all calls that each mode completed. Modes that cannot be observed are left out, not 0.',
        noValue: 'no host was read in this range',
        unit: 'ops',
      },
      queries.share,
      StackingMode.Percent,
    ),
    table(
      {
        title: 'Worst VMs',
        description: 'VMs by calls a second that went to userspace. No share where real mode hides calls.',
        noValue: 'no calls went to userspace in this range',
        unit: 'ops',
      },
      queries.worst,
      {
        VM: toVm(),
        host: toHost(),
        share: { unit: 'percentunit', noValue: NOT_OBSERVABLE },
        life: HIDDEN,
        'host id': HIDDEN,
      },
    ),
    table(
      {
        title: 'Newest alerts',
        description: 'Alerts that fired or were still firing in the range, with their cause and what to do about it.',
        noValue: 'no alerts in this range',
        unit: 'none',
        span: 24,
        height: 10,
      },
      events.all,
      { ...ALERT_COLUMNS, VM: { ...ALERT_COLUMNS['VM'], ...toVm() }, host: { ...ALERT_COLUMNS['host'], ...toHost() } },
    ),
    table(
      {
        title: 'Kernels and evidence',
        description: 'How the figures of each mode are known, by kernel and processor of the hosts.',
        noValue: 'no VM was seen in this range',
        unit: 'none',
      },
      queries.hosts,
    ),
    table(
      {
        title: 'Freshness',
        description: `Time since each host was last read, before the end of the range; orange from the ${DETECTOR.silentAfter} s after which a host is silent by default.`,
        noValue: 'no host was ever read',
        unit: 's',
        thresholds: [[DETECTOR.silentAfter, 'orange']],
      },
      queries.freshness,
      { host: toHost(), 'host id': HIDDEN },
    ),
  ],
});
