/**
 * Posts each event as JSON to a URL, signed where there is a secret, by the conventions of Standard Webhooks
 * (https://www.standardwebhooks.com): so there are libraries that verify it, and an old message cannot be replayed.
 */
import { createHmac } from 'node:crypto';
import { plainUrl, secret } from '@tcewatch/common';
import type { Secret } from '@tcewatch/common';
import { z } from 'zod';
import { toAlertBody } from '../alerts/body.js';
import type { AlertEvent } from '../alerts/event.js';
import type { Notifier } from '../model.js';
import { notifierKind } from './kind.js';
import { authorizationOf, createReceiver, receiverSettings } from './receiver.js';
import type { Receiver } from './receiver.js';

const { type, name, token, tls, timeout } = receiverSettings('webhook');

export const webhook = notifierKind({
  type: 'webhook',
  schema: z.strictObject({
    type,
    name,
    url: plainUrl({ exact: true }).describe('Where to post each event as JSON.'),
    token,
    secret: secret()
      .optional()
      .describe('Key of the signature in the header webhook-signature: base64 after `whsec_`, else its own bytes.'),
    tls,
    timeout,
  }),
  names: (config) => [config.name],
  create: (config) => {
    const receiver = createReceiver({ ...config, authorization: authorizationOf(undefined, config.token) });
    return [webhookNotifier({ ...config, receiver })];
  },
});

export interface WebhookOptions {
  name: string;
  receiver: Receiver;
  /** Key of the signature: base64 after `whsec_`, else its own bytes. */
  secret?: Secret | undefined;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Creates the notifier that posts to `receiver`. */
export function webhookNotifier({ name, receiver, secret, now = Date.now }: WebhookOptions): Notifier {
  return {
    name,
    async notify(events, traceparents = []) {
      for (const [i, event] of events.entries()) {
        const body = JSON.stringify(toAlertBody(event));
        const traceparent = traceparents[i];
        await receiver(body, { ...headersOf(event, body), ...(traceparent !== undefined && { traceparent }) });
      }
    },
  };

  function headersOf({ alertId, revision }: AlertEvent, body: string): Record<string, string> {
    // The same at each attempt; the time is that of the attempt.
    const id = `${alertId}-${revision}`;
    const timestamp = Math.floor(now() / 1000);
    const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestamp) };
    if (!secret) return headers;
    return { ...headers, 'webhook-signature': signature(secret, { id, timestamp, body }) };
  }
}

/** `v1,` and the HMAC-SHA256 of `id.timestamp.body`, in base64. */
export function signature(
  secret: Secret,
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): string {
  const [, encoded] = /^whsec_(.+)$/.exec(secret.reveal()) ?? [];
  const key = encoded === undefined ? Buffer.from(secret.reveal()) : Buffer.from(encoded, 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
