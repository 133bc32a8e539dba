/** Shows people what the demo found out. */
import type { Total } from '@tcewatch/protocol';
import Table from 'cli-table3';
import type { AlertAnswer, DescriptorsAnswer, HostAnswer } from './api.js';
import type { DemoResult } from './result.js';

/** Makes the line that is shown at the moment at which the webhook tells of an alert. */
export function alertLine(alert: AlertAnswer): string {
  const sign = alert.state === 'resolved' ? 'RESOLVED' : alert.revision === 0 ? 'FIRING' : 'UPDATED';
  const at = alert.state === 'resolved' ? (alert.resolvedAt ?? '') : alert.firedAt;
  return `${sign.padEnd(8)} ${alert.alert} ${subject(alert)} at ${at}: ${alert.cause.summary}`;
}

/** Tables, alerts and the equation, as text. */
export function report(result: DemoResult, alerts: readonly AlertAnswer[], hosts: readonly HostAnswer[]): string {
  const parts = [
    ...hosts.map((host) => `Host ${host.name}: Linux ${host.kernel}, ${host.cpu}`),
    totalsTable(result),
    ...notes(result.totals),
    ...alerts.map(alertText),
    [equation('entered:', result), equation('punted:', result.punted)].join('\n'),
  ];
  return parts.join('\n\n');
}

function totalsTable(result: DemoResult): string {
  const table = new Table({
    head: ['VM', 'hypercall', 'real', 'virtual', 'userspace (punts)', 'entries'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { vm, hypercall, entries } of result.entries) {
    const own = result.totals.filter((total) => total.vm === vm && total.hypercall === hypercall);
    table.push([vm, hypercall, ...own.map(figure), count(entries)]);
  }
  return table.toString();
}

/** `absent`: zero, because it cannot occur. */
function figure({ calls, evidence }: Total): string {
  return evidence === 'absent' || calls === null ? evidence : count(calls);
}

function count(value: number | null): string {
  return value === null ? 'unobservable' : value.toLocaleString('en-GB');
}

/** Why a mode is not simply counted, once for each reason. */
function notes(totals: readonly Total[]): string[] {
  const reasons = new Map(totals.filter((t) => t.reason !== '').map((t) => [`${t.mode} ${t.evidence}`, t.reason]));
  return [...reasons].map(([what, reason]) => `${what}: ${reason} (docs/reference/evidence.md)`);
}

function alertText(alert: AlertAnswer): string {
  const { calls, before, after } = alert.evidence;
  const share = calls ? `${calls.punted} of ${calls.entered} calls went to userspace; ` : '';
  return [
    `Alert ${alert.alert} (${alert.severity}) of ${subject(alert)}: ${alert.cause.code} (${alert.cause.confidence})`,
    `  ${alert.cause.summary}`,
    `  ${alert.cause.advice}`,
    `  fired ${alert.firedAt}, ${alert.resolvedAt === null ? 'still firing' : `resolved ${alert.resolvedAt}`}`,
    `  evidence: ${share}${descriptors('before', before)}; ${descriptors('after', after)}`,
  ].join('\n');
}

function subject({ vm, host }: AlertAnswer): string {
  return (vm ?? host).name;
}

function descriptors(when: string, seen: DescriptorsAnswer | null): string {
  if (!seen) return `${when}: descriptors not seen`;
  const groups = seen.vfioGroups.map((group) => `/dev/vfio/${group}`).join(', ') || 'no VFIO group';
  return `${when}: ${seen.tceTables} TCE tables in the kernel, ${groups} (${seen.observedAt})`;
}

function equation(what: string, { seen, stored, lost }: { seen: number; stored: number; lost: number }): string {
  const sign = seen === stored + lost ? '=' : '≠';
  return `${what.padEnd(8)} seen ${count(seen)} ${sign} stored ${count(stored)} + lost ${count(lost)}`;
}
