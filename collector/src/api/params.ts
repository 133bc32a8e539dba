/** Parameters of the read API. */
import { duration } from '@tcewatch/common';
import { z } from 'zod';
import { ALERT_NAMES, SEVERITIES } from '../alerts/table.js';
import type { AlertFilter, Subject, TimeRange } from '../store/index.js';
import { nanoseconds } from '../time.js';

const instant = z.iso.datetime({ offset: true, error: 'expected a time such as 2026-11-22T14:00:00Z' });

/** Most steps of one question: more than one can draw. */
const MAX_STEPS = 10_000;

export const subject = z.object({
  host: z.string().min(1).optional().describe('Id of a host.'),
  life: z.uuid().optional().describe('Life of a VM.'),
});

export const range = z.object({
  from: instant.optional().describe('Beginning, exclusive; without it since the first reading.'),
  to: instant.optional().describe('End, inclusive; without it until the newest reading.'),
});

export const steps = z
  .object({
    from: instant.describe('Beginning.'),
    to: instant.describe('End.'),
    step: z
      .string()
      .default('60s')
      .describe('Length of a step in whole seconds, such as 10s, 1m or 1h.')
      .pipe(duration()),
  })
  .superRefine(({ from, to, step }, context) => {
    const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
    const refuse = (field: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [field], message });
    };
    if (step < 1000 || step % 1000 !== 0) refuse('step', 'expected whole seconds');
    else if (seconds < 0) refuse('to', 'is before the beginning');
    else if (seconds / (step / 1000) > MAX_STEPS)
      refuse('step', `makes more than ${MAX_STEPS} steps: take a longer one`);
  });

export const alerts = z.object({
  host: z.string().min(1).optional().describe('Id of a host.'),
  vm: z.string().min(1).optional().describe('Name of a VM.'),
  state: z.enum(['firing', 'resolved']).optional(),
  severity: z.enum(SEVERITIES).optional(),
  alert: z.enum(ALERT_NAMES).optional().describe('Name of the alert.'),
  since: instant.optional().describe('Those that still fired then, or fired later.'),
  until: instant.optional().describe('Those that fired before.'),
  limit: z.coerce.number().int().min(1).max(10_000).default(100).describe('The newest so many.'),
});

export function toAlertFilter(query: z.output<typeof alerts>): AlertFilter {
  const { host, since, until, vm, state, severity, alert, limit } = query;
  return {
    ...(host !== undefined && { hostId: host }),
    ...(vm !== undefined && { vm }),
    ...(state && { state }),
    ...(severity && { severity }),
    ...(alert && { alert }),
    ...(since !== undefined && { sinceNs: nanoseconds(since) }),
    ...(until !== undefined && { untilNs: nanoseconds(until) }),
    limit,
  };
}

export function toSubject({ host, life }: z.output<typeof subject>): Subject {
  return { ...(host !== undefined && { hostId: host }), ...(life !== undefined && { life }) };
}

export function toRange({ from, to }: z.output<typeof range>): TimeRange {
  return {
    ...(from !== undefined && { fromNs: nanoseconds(from) }),
    ...(to !== undefined && { toNs: nanoseconds(to) }),
  };
}
