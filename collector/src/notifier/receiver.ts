/** A receiver of notifications over HTTP: its settings, how it is trusted, and what its answers mean. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { checkTls, clientTls, duration, post, secret } from '@tcewatch/common';
import type { Secret, TlsSettings } from '@tcewatch/common';
import { z } from 'zod';

const receiverTls = z
  .strictObject({
    ...clientTls("The collector's", 'receivers that ask for one'),
  })
  .superRefine(checkTls)
  .prefault({});

/** Settings that all kinds of receivers have, `type` and the name first. */
export const receiverSettings = <Type extends string>(type: Type) => ({
  type: z.literal(type).describe('Kind of notifier.'),
  name: z
    .string()
    .min(1)
    .default(type)
    .describe(
      'Its name in logs, metrics and records, by default its type; no two have the same. Each instance of Alertmanager ' +
        'has its own: the name, @ and its host and port.',
    ),
  token: secret().optional().describe('Bearer token to send.'),
  tls: receiverTls,
  timeout: duration().prefault('10s').describe('How long one attempt may take.'),
});

export interface ReceiverOptions {
  url: string;
  /** Header `authorization`. Default: none is sent. */
  authorization?: string | undefined;
  tls: TlsSettings;
  /** Milliseconds until an attempt is given up. */
  timeout: number;
}

/** Posts a text of JSON; rejects with ReceiverRefusedError, or with another error after which the same may succeed later. */
export type Receiver = (body: string, headers?: Readonly<Record<string, string>>) => Promise<void>;

/** The receiver has read what it was sent and will never take it. */
export class ReceiverRefusedError extends Error {
  override readonly name = 'ReceiverRefusedError';
}

/** Statuses by which a receiver refuses the body itself: bad request, too large, unprocessable. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 422]);
/** Characters of an answer's text, in an error. */
const WORDS = 300;

export function createReceiver({ url: text, authorization, tls, timeout }: ReceiverOptions): Receiver {
  const url = new URL(text);
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = url.protocol === 'https:' ? new HttpsAgent({ ...options, ...trust(tls) }) : new HttpAgent(options);
  const standing = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
  return async (body, headers = {}) => {
    const signal = AbortSignal.timeout(timeout);
    const request = { url, agent, headers: { ...standing, ...headers }, body: Buffer.from(body), signal };
    const { status, text: answer } = await post(request).catch((error: unknown) => {
      throw new Error(
        // The path of a webhook is often a secret.
        signal.aborted ? `${url.origin} has not answered within ${timeout} ms` : `${url.origin}: ${reasonOf(error)}`,
        { cause: error },
      );
    });
    // A redirect is a failure too: it would carry the token elsewhere.
    if (status >= 200 && status < 300) return;
    const words = `${url.origin} answered ${status}: ${answer.slice(0, WORDS)}`;
    throw REFUSALS.has(status) ? new ReceiverRefusedError(words) : new Error(words);
  };
}

/** Header `authorization` of a user and a password, or of a token. */
export function authorizationOf(
  basic: { user?: string | undefined; password?: Secret | undefined } | undefined,
  token: Secret | undefined,
): string | undefined {
  if (token) return `Bearer ${token.reveal()}`;
  if (basic?.user === undefined) return undefined;
  return `Basic ${Buffer.from(`${basic.user}:${basic.password?.reveal() ?? ''}`).toString('base64')}`;
}

function trust({ ca, cert, key }: TlsSettings) {
  return { ca: ca?.reveal(), cert: cert?.reveal(), key: key?.reveal() };
}

/** Node reports a refused connection to a name with several addresses as an AggregateError without a message. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
