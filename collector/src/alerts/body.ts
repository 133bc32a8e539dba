/** An alert event as JSON: what a webhook gets and what the read API answers. */
import { HYPERCALL_NAMES } from '@tcewatch/protocol';
import { z } from 'zod';
import { CONFIDENCES } from './event.js';
import { ALERT_NAMES, SEVERITIES } from './table.js';
import type { AlertEvent, SeenDescriptors } from './event.js';
import { isoTime } from '../time.js';

const time = z.iso.datetime().describe("ISO 8601, on the host's clock.");

const descriptors = z
  .object({
    observedAt: time,
    tceTables: z.int().describe('TCE tables that the kernel served (anon_inode:kvm-spapr-tce).'),
    vfioGroups: z.array(z.int()).describe('N of each /dev/vfio/N that QEMU held.'),
  })
  .nullable();

const calls = {
  entered: z.number().describe('Calls that reached the kernel until the alert fired.'),
  punted: z.number().describe('Those of them that the kernel handed to userspace.'),
};

const evidence = z.object({
  facts: z.array(z.string()).describe('What the cause rests on, a sentence each, the most telling first.'),
  calls: z
    .object({
      ...calls,
      seconds: z.number(),
      hypercalls: z.partialRecord(z.enum(HYPERCALL_NAMES), z.object(calls)),
      liobns: z
        .array(z.object({ liobn: z.string().describe('Hexadecimal.'), ...calls }))
        .describe('LIOBNs that fell back; empty where the source does not tell the LIOBN of a punt.'),
    })
    .nullable()
    .describe('Null for an alert about a host.'),
  before: descriptors,
  after: descriptors,
});

const impact = z
  .discriminatedUnion('known', [
    z.object({
      known: z.literal('measured'),
      lostMsPerSecond: z
        .number()
        .describe("Milliseconds in each second that the VM's threads together spent on round trips to userspace."),
    }),
    z.object({
      known: z.literal('estimated'),
      throughputLeft: z
        .object({ from: z.number(), to: z.number() })
        .describe('Share of network throughput that is left, by the figures of those who wrote the acceleration.'),
    }),
  ])
  .nullable();

export const alertBody = z.object({
  alertId: z.uuid().describe('The same for every event of one alert.'),
  alert: z.enum(ALERT_NAMES),
  severity: z.enum(SEVERITIES),
  state: z.enum(['firing', 'resolved']),
  revision: z.int().describe('0 when it fires, one more at each step.'),
  at: time,
  host: z.object({ id: z.string(), name: z.string() }),
  vm: z
    .object({ life: z.uuid(), name: z.string(), uuid: z.string() })
    .nullable()
    .describe('Null for an alert about a host.'),
  firedAt: time,
  resolvedAt: time.nullable(),
  cause: z.object({
    code: z.string().describe("A section of the alert's runbook."),
    confidence: z.enum(CONFIDENCES),
    summary: z.string(),
    advice: z.string(),
  }),
  impact: impact.describe('What a fallback costs; null for an alert about a host.'),
  evidence,
});

export type AlertBody = z.infer<typeof alertBody>;

/** The event without nanoseconds. */
export function toAlertBody(event: AlertEvent): AlertBody {
  const { alertId, alert, severity, state, revision, vm, cause, impact, evidence } = event;
  return {
    alertId,
    alert,
    severity,
    state,
    revision,
    at: isoTime(event.atNs),
    host: { id: event.hostId, name: event.hostName },
    vm,
    firedAt: isoTime(event.firedAtNs),
    resolvedAt: event.resolvedAtNs === null ? null : isoTime(event.resolvedAtNs),
    cause,
    impact,
    evidence: {
      facts: [...evidence.facts],
      calls: evidence.calls && { ...evidence.calls, liobns: [...evidence.calls.liobns] },
      before: seen(evidence.before),
      after: seen(evidence.after),
    },
  };
}

function seen(given: SeenDescriptors | null): AlertBody['evidence']['before'] {
  if (!given) return null;
  const { observedAtNs, tceTables, vfioGroups } = given;
  return { observedAt: isoTime(observedAtNs), tceTables, vfioGroups };
}
