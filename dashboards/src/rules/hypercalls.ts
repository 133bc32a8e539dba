/**
 * Lost acceleration from the agents' own counters, for sites that scrape the agents. The thresholds are those of the
 * collector's detector by default, which knows more: LIOBNs, lives of VMs, and causes.
 */
import { DETECTOR, HANDLED_CALLS } from '../thresholds.js';
import { grown } from './expressions.js';
import type { Group } from './types.js';

const VM = 'job, instance, vm, uuid';

const { minShare, criticalShare, minRate, minRateBlind } = DETECTOR;

const ACCELERATED = `max_over_time(vm:tcewatch_hypercalls_in_kernel:sum[1d]) > ${HANDLED_CALLS}`;
const SHARE = 'vm:tcewatch_hypercalls_userspace:share5m';
const RATE = `vm:tcewatch_hypercalls_userspace:rate5m >= ${minRate}`;

const HOW_MUCH = '{{ $value | humanizePercentage }} of its TCE hypercalls of the last 5 minutes went to userspace';
const WHO = 'VM {{ $labels.vm }} on {{ $labels.instance }}';

export const hypercalls: Group = {
  name: 'tcewatch-hypercalls',
  rules: [
    {
      // A bound of punts also holds calls that are no TCE hypercalls.
      record: 'vm_hypercall_mode:tcewatch_hypercalls:rate5m',
      expr: `sum by (${VM}, hypercall, mode) (rate(tcewatch_hypercalls_total{evidence!="upper-bound"}[5m]))`,
    },
    {
      // Calls may hide in real mode, except from a VM for which the kernel serves no table.
      record: 'vm_hypercall:tcewatch_real_mode_hidden:info',
      expr: `max by (${VM}, hypercall) (tcewatch_mode_evidence{mode="real", evidence!~"absent|exact"})
unless on (${VM}) (tcewatch_vm_tce_tables == 0)`,
    },
    {
      record: 'vm:tcewatch_hypercalls_userspace:rate5m',
      expr: `sum by (${VM}) (vm_hypercall_mode:tcewatch_hypercalls:rate5m{mode="userspace"})`,
    },
    {
      record: SHARE,
      expr: `sum by (${VM}) (
  vm_hypercall_mode:tcewatch_hypercalls:rate5m{mode="userspace"}
  unless on (${VM}, hypercall) vm_hypercall:tcewatch_real_mode_hidden:info
)
/
(
  sum by (${VM}) (
    vm_hypercall_mode:tcewatch_hypercalls:rate5m
    unless on (${VM}, hypercall) vm_hypercall:tcewatch_real_mode_hidden:info
  ) > 0
)`,
    },
    {
      record: 'vm:tcewatch_hypercalls_in_kernel:sum',
      expr: `sum by (${VM}) (tcewatch_hypercalls_total{mode=~"real|virtual"})`,
    },
    {
      alert: 'TceAccelerationLost',
      expr: `(${SHARE} >= ${criticalShare} and ${RATE})
and ${ACCELERATED}`,
      for: '2m',
      keepFiringFor: '5m',
      severity: 'critical',
      summary: `${WHO} has lost TCE acceleration`,
      description: `${WHO}: ${HOW_MUCH}; the kernel handled them before. Its I/O is several times slower than it was.`,
    },
    {
      alert: 'TceAccelerationLost',
      expr: `(${SHARE} >= ${minShare} < ${criticalShare} and ${RATE})
and ${ACCELERATED}`,
      for: '2m',
      keepFiringFor: '5m',
      severity: 'warning',
      summary: `${WHO} has lost TCE acceleration in part`,
      description: `${WHO}: ${HOW_MUCH}; the kernel handles the others. One of its LIOBNs, or one kind of hypercall, is not accelerated.`,
    },
    {
      alert: 'TceAccelerationLost',
      expr: `(vm:tcewatch_hypercalls_userspace:rate5m >= ${minRateBlind} unless on (${VM}) ${SHARE} >= ${minShare})
and on (${VM}) vm_hypercall:tcewatch_real_mode_hidden:info`,
      for: '2m',
      keepFiringFor: '5m',
      severity: 'warning',
      labels: { real_mode: 'hidden' },
      summary: `${WHO} makes many TCE hypercalls that go to userspace`,
      description: `${WHO}: {{ $value | humanize }} TCE hypercalls per second go to userspace. Those that real mode completes cannot be observed on this host, so their share is not known.`,
    },
    {
      alert: 'TceNeverAccelerated',
      expr: `(${SHARE} >= ${criticalShare} and ${RATE})
unless ${ACCELERATED}`,
      for: '5m',
      keepFiringFor: '5m',
      severity: 'critical',
      summary: `${WHO} has never had TCE acceleration`,
      description: `${WHO}: ${HOW_MUCH}, and as far as the agent has seen the kernel has never handled any. Its I/O is several times slower than it could be.`,
    },
    {
      alert: 'TceCountsIncomplete',
      expr: grown('tcewatch_lost_events_total', ['counter', 'kind']),
      for: '0m',
      keepFiringFor: '10m',
      severity: 'warning',
      summary: 'Calls on {{ $labels.instance }} are missing from its counts',
      description:
        '{{ $labels.instance }}: about {{ $value | humanize }} events of {{ $labels.counter }} calls were lost within 10 minutes ({{ $labels.kind }}). They are declared, and they are in no count of a VM.',
    },
  ],
};
