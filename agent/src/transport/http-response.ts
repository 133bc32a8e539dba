/** Verdict on each batch of a request from a collector's answer: delivered, worth another try, or refused. Pure. */
import { BATCH_ERROR_CODES } from '@tcewatch/protocol';
import { z } from 'zod';
import type { Answer } from '@tcewatch/common';
import type { Refusal, Verdict } from './transport.js';

/** Longest time for which a server may silence the agent. */
const LONGEST_RETRY_AFTER_MS = 5 * 60_000;
const MESSAGE_LENGTH = 300;

/** Parts of an answer's body that are of use; what is not as documented counts as absent. */
const bodySchema = z.object({
  message: z.string().optional().catch(undefined),
  refused: z
    .array(
      z.object({
        index: z.int().min(0),
        // Ends in a label of metrics, so that only known ones may pass.
        error: z.enum([...BATCH_ERROR_CODES, 'other']).catch('other'),
        message: z.string(),
      }),
    )
    .catch([]),
});

/**
 * Judges the answer to a request of so many `batches`; `wallMs` (since 1970) turns a Retry-After that is a date into a
 * delay.
 */
export function verdictOf({ status, text, retryAfter }: Answer, wallMs: number, batches: number): Verdict {
  const body = bodyOf(text);
  const message = `${status}: ${oneLine(body?.message ?? text)}`;
  if (status === 408 || status === 429 || status >= 500) {
    return { kind: 'retry', afterMs: retryAfterMs(retryAfter, wallMs), message };
  }
  const refused = (body?.refused ?? []).filter(({ index }) => index < batches);
  const listed = new Map(refused.map((one) => [one.index, { reason: one.error, message: oneLine(one.message) }]));
  if (status >= 200 && status < 300) return { kind: 'settled', refusals: listed };
  if (status === 413 && batches > 1 && listed.size === 0) return { kind: 'too-large' };
  const whole: Refusal = { reason: String(status), message };
  return { kind: 'settled', refusals: new Map(Array.from({ length: batches }, (_, i) => [i, listed.get(i) ?? whole])) };
}

/**
 * Returns the milliseconds that a Retry-After header asks for (seconds or an HTTP date, RFC 9110 10.2.3); 0 for
 * anything else.
 */
export function retryAfterMs(header: string | undefined, wallMs: number): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - wallMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

/** Returns text in one line that is safe on a terminal. */
function oneLine(text: string): string {
  return (
    text
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, MESSAGE_LENGTH) || 'no message'
  );
}

function bodyOf(text: string): z.output<typeof bodySchema> | undefined {
  try {
    return bodySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
