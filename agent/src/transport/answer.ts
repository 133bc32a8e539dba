/** What a collector's answer to a batch means: delivered, worth another try, or refused for good. Pure. */
import type { Answer } from './post.js';

export type Verdict =
  | { kind: 'delivered' }
  | { kind: 'retry'; afterMs: number; message: string }
  | { kind: 'rejected'; status: number; message: string };

/** No server may silence the agent for longer than this. */
const LONGEST_RETRY_AFTER_MS = 5 * 60_000;
const MESSAGE_LENGTH = 300;

/** `wallMs` (since 1970) turns a Retry-After that is a date into a delay. */
export function judge(answer: Answer, wallMs: number): Verdict {
  if (answer.status >= 200 && answer.status < 300) return { kind: 'delivered' };
  const message = `${answer.status}: ${messageOf(answer.text)}`;
  if (answer.status === 408 || answer.status === 429 || answer.status >= 500) {
    return { kind: 'retry', afterMs: retryAfterMs(answer.retryAfter, wallMs), message };
  }
  return { kind: 'rejected', status: answer.status, message };
}

/** Milliseconds that a Retry-After header asks for (seconds or an HTTP date, RFC 9110 10.2.3); 0 for anything else. */
export function retryAfterMs(header: string | undefined, wallMs: number): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - wallMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

/** The `message` of a JSON error, else the text; one line that is safe on a terminal. */
function messageOf(text: string): string {
  return (
    (jsonMessage(text) ?? text)
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, MESSAGE_LENGTH) || 'no message'
  );
}

function jsonMessage(text: string): string | undefined {
  try {
    const error: unknown = JSON.parse(text);
    if (typeof error !== 'object' || error === null || !('message' in error)) return undefined;
    return typeof error.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  }
}
