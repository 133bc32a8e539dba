/** One receiver of notifications over HTTP: who it is, how it is trusted, and what its answers mean. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { post } from '@tcewatch/common';
import type { Secret, TlsSettings } from '@tcewatch/common';

export interface ReceiverOptions {
  url: string;
  /** Absent: none is sent. */
  authorization?: string | undefined;
  tls: TlsSettings;
  /** Milliseconds until an attempt is given up. */
  timeout: number;
}

/** Posts a text of JSON; rejects with RefusedError, or with another error after which the same may succeed later. */
export type Receiver = (body: string, headers?: Readonly<Record<string, string>>) => Promise<void>;

/** The receiver has read what it was sent and will never take it. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** What the answer is about is the body itself: bad request, too large, unprocessable. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 422]);
/** Of an answer's text, in an error. */
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
        signal.aborted ? `${url.origin} has not answered within ${timeout} ms` : `${url.origin}: ${wordsOf(error)}`,
        { cause: error },
      );
    });
    // A redirect is a failure too: it would carry the token elsewhere.
    if (status >= 200 && status < 300) return;
    const words = `${url.origin} answered ${status}: ${answer.slice(0, WORDS)}`;
    throw REFUSALS.has(status) ? new RefusedError(words) : new Error(words);
  };
}

/** Of a user and a password, or of a token. */
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
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
