/** Posts each event as JSON to a URL, signed where there is a secret. The receiver knows repetitions by id and revision. */
import { createHmac } from 'node:crypto';
import type { Secret } from '@tcewatch/config';
import { toAlertBody } from '../alert-body.js';
import type { AlertEvent, Notifier } from '../model.js';

export interface WebhookOptions {
  name: string;
  url: string;
  token?: Secret | undefined;
  /** Key of the header `x-tcewatch-signature: sha256=<HMAC of the body in hexadecimal>`. */
  secret?: Secret | undefined;
  /** Milliseconds until an attempt is given up. */
  timeout: number;
}

export function webhookNotifier({ name, url, token, secret, timeout }: WebhookOptions): Notifier {
  return {
    name,
    async notify(events) {
      for (const event of events) await post(event);
    },
  };

  async function post(event: AlertEvent): Promise<void> {
    const body = JSON.stringify(toAlertBody(event));
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (token) headers['authorization'] = `Bearer ${token.reveal()}`;
    if (secret) {
      headers['x-tcewatch-signature'] = `sha256=${createHmac('sha256', secret.reveal()).update(body).digest('hex')}`;
    }
    const signal = AbortSignal.timeout(timeout);
    // A redirect would carry the token elsewhere, and turn POST into GET.
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    await response.body?.cancel();
    // The path of a webhook is often a secret.
    if (!response.ok) throw new Error(`${new URL(url).origin} answered ${response.status}`);
  }
}
