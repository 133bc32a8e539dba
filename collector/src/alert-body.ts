/** An alert event as JSON: what a webhook gets and what the read API answers. */
import { z } from 'zod';
import { CAUSES } from './detector/index.js';
import type { AlertEvent, SeenDescriptors } from './model.js';
import { isoTime } from './time.js';

const time = z.iso.datetime().describe("ISO 8601, on the host's clock.");

const descriptors = z
  .object({
    observedAt: time,
    tceTables: z.int().describe('TCE tables that the kernel served (anon_inode:kvm-spapr-tce).'),
    vfioGroups: z.array(z.int()).describe('N of each /dev/vfio/N that QEMU held.'),
  })
  .nullable();

export const alertBody = z.object({
  alertId: z.uuid().describe('The same for every event of one alert.'),
  alert: z.enum(['TceFallback']),
  state: z.enum(['firing', 'resolved']),
  revision: z.int().describe('0 when it fires, one more at each step.'),
  at: time,
  host: z.object({ id: z.string(), name: z.string() }),
  vm: z.object({ life: z.uuid(), name: z.string(), uuid: z.string() }),
  firedAt: time,
  resolvedAt: time.nullable(),
  cause: z.object({
    code: z.enum(CAUSES.map(({ code }) => code)),
    summary: z.string(),
    advice: z.string(),
  }),
  evidence: z.object({
    entered: z.number().describe('Calls that reached the kernel until the alert fired.'),
    punted: z.number().describe('Those of them that the kernel handed to userspace.'),
    seconds: z.number(),
    lostMsPerSecond: z
      .number()
      .optional()
      .describe("Milliseconds that the VM's threads spent on round trips in each of them; absent: not measured."),
    before: descriptors,
    after: descriptors,
  }),
});

export type AlertBody = z.infer<typeof alertBody>;

/** The event without nanoseconds. */
export function toAlertBody(event: AlertEvent): AlertBody {
  const { alertId, alert, state, revision, cause, evidence } = event;
  return {
    alertId,
    alert,
    state,
    revision,
    at: isoTime(event.atNs),
    host: { id: event.hostId, name: event.hostName },
    vm: { life: event.life, name: event.vm, uuid: event.uuid },
    firedAt: isoTime(event.firedAtNs),
    resolvedAt: event.resolvedAtNs === null ? null : isoTime(event.resolvedAtNs),
    cause,
    evidence: { ...evidence, before: seen(evidence.before), after: seen(evidence.after) },
  };
}

function seen(given: SeenDescriptors | null): AlertBody['evidence']['before'] {
  if (!given) return null;
  const { observedAtNs, tceTables, vfioGroups } = given;
  return { observedAt: isoTime(observedAtNs), tceTables, vfioGroups };
}
