/** One life of a VM: what its calls do, how long they take, and what is said of the cause. */
import { StackingMode } from '@grafana/grafana-foundation-sdk/common';
import { DETECTOR } from '../thresholds.js';
import { dashboard } from './frame.js';
import { ALERT_COLUMNS, NOT_OBSERVABLE, modeAreas, modePlot, plot, stat, table } from './panels.js';
import { events, vm as queries } from './queries.js';

const NOT_READ = 'the host was not read in this range';
const COULD_NOT_TELL = 'the agent could not tell';

export const vm = dashboard({
  uid: 'tcewatch-vm',
  title: 'VM',
  description: 'The TCE hypercalls of one VM by mode, type and LIOBN, their latency, and its alerts.',
  annotations: events.annotationsOfLife,
  variables: ['host', 'life'],
  panels: [
    modeAreas(
      {
        title: 'Hypercalls by mode',
        description: 'Calls a second by who completed them. Modes that cannot be observed have no area.',
        noValue: NOT_READ,
        unit: 'ops',
        span: 18,
      },
      queries.byMode,
      StackingMode.Normal,
    ),
    stat(
      {
        title: 'Running for',
        description: 'Time from the start of the QEMU process to the end of the range.',
        noValue: 'choose a VM',
        unit: 's',
        span: 6,
      },
      queries.uptime,
    ),
    modePlot(
      {
        title: 'Hypercalls by type and mode',
        description: 'Calls a second by hypercall and by who completed them.',
        noValue: NOT_READ,
        unit: 'ops',
      },
      queries.byHypercall,
    ),
    plot(
      {
        title: 'Punts',
        description: 'Calls a second that KVM handed to userspace, by hypercall.',
        noValue: `${NOT_OBSERVABLE}, or ${NOT_READ}`,
        unit: 'ops',
        thresholds: [[DETECTOR.minRate, 'orange']],
      },
      queries.punts,
    ),
    table(
      {
        title: 'Totals and evidence',
        description: 'Calls over the range, and how each figure is known.',
        noValue: NOT_OBSERVABLE,
        unit: 'short',
      },
      queries.totals,
    ),
    table(
      {
        title: 'By LIOBN',
        description: 'Calls over the range by DMA window. Punts have a LIOBN only where the source can tell.',
        noValue: 'not told by the source',
        unit: 'short',
      },
      queries.liobns,
    ),
    plot(
      {
        title: 'Latency',
        description:
          'Mean time of a call: handled in the kernel, or the round trip to userspace. Only of what was measured.',
        noValue: 'not measured on this host',
        unit: 's',
      },
      queries.latency,
    ),
    plot(
      {
        title: 'Slowest calls',
        description:
          'The time that 99 of 100 calls did not exceed, made up to a power of two of microseconds (at most 18 minutes).',
        noValue: 'not measured on this host',
        unit: 's',
      },
      queries.slowest,
    ),
    table(
      {
        title: 'What the agent saw of it',
        description: 'The newest facts of /proc about the QEMU process.',
        noValue: COULD_NOT_TELL,
        unit: 'none',
        span: 24,
        height: 4,
      },
      queries.facts,
      {
        'locked memory': { unit: 'bytes', largest: { from: 2 ** 63, text: 'no limit' } },
        ...Object.fromEntries(
          ['VFIO groups', 'QEMU', 'libvirt domain', 'pod', 'MMU'].map((name) => [name, { noValue: COULD_NOT_TELL }]),
        ),
      },
    ),
    table(
      {
        title: 'Alerts',
        description: 'Alerts about this VM in the range, with cause, evidence and advice.',
        noValue: 'no alerts in this range',
        unit: 'none',
        span: 24,
      },
      events.ofLife,
      ALERT_COLUMNS,
    ),
  ],
});
