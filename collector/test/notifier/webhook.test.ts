import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Secret } from '@tcewatch/common';
import { describe, expect, it } from 'vitest';
import { alertBody } from '../../src/alerts/body.js';
import { signature, webhookNotifier } from '../../src/notifier/webhook.js';
import { firingAlert } from '../events.js';

const NOW = Date.parse('2026-11-22T12:03:00Z');

/** A webhook, and what it posted. */
function webhook(secret?: string) {
  const posts: { body: string; headers: Readonly<Record<string, string>> }[] = [];
  const notifier = webhookNotifier({
    name: 'hook',
    receiver: (body, headers = {}) => {
      posts.push({ body, headers });
      return Promise.resolve();
    },
    secret: secret === undefined ? undefined : new Secret(secret),
    now: () => NOW,
  });
  return { notifier, posts };
}

describe('the webhook', () => {
  it('tells the receiver of the trace that the notification is a part of', async () => {
    const { notifier, posts } = webhook();
    await notifier.notify([firingAlert()], ['its traceparent']);
    expect(posts[0]?.headers).toMatchObject({ traceparent: 'its traceparent' });
  });

  it('posts each event as JSON, with an id that is the same at each try', async () => {
    const { notifier, posts } = webhook();
    const event = firingAlert();
    await notifier.notify([event, { ...event, revision: 1 }]);
    expect(posts.map(({ headers }) => headers)).toEqual([
      { 'webhook-id': `${event.alertId}-0`, 'webhook-timestamp': String(NOW / 1000) },
      { 'webhook-id': `${event.alertId}-1`, 'webhook-timestamp': String(NOW / 1000) },
    ]);
    expect(alertBody.parse(JSON.parse(posts[0]?.body ?? ''))).toMatchObject({
      alert: 'TceNeverAccelerated',
      state: 'firing',
      revision: 0,
      host: { id: 'h', name: 'h.example' },
      vm: { name: 'a' },
      firedAt: '2026-11-22T12:02:00.000Z',
      resolvedAt: null,
      cause: { code: 'no-in-kernel-table' },
      evidence: {
        calls: { entered: 200, punted: 200, seconds: 20 },
        after: { observedAt: '2026-11-22T12:02:00.000Z', tceTables: 0, vfioGroups: [3] },
      },
    });
  });

  it('signs id, time and body', async () => {
    const { notifier, posts } = webhook('key');
    const event = firingAlert();
    await notifier.notify([event]);
    const [{ body, headers } = { body: '', headers: {} as Record<string, string> }] = posts;
    const signed = `${event.alertId}-0.${NOW / 1000}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', 'key').update(signed).digest('base64')}`);
  });

  it('signs as the example of the convention does', () => {
    const secret = new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' };
    expect(signature(secret, message)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('is verified by the code that the guide gives', async () => {
    const guide = await readFile(new URL('../../../docs/guides/webhook.md', import.meta.url), 'utf8');
    const code = /```js\n(.*?)```/s.exec(guide)?.[1] ?? '';
    const { verify } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      verify: (secret: string, headers: Record<string, string>, body: string, nowMs?: number) => boolean;
    };
    for (const secret of ['key', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']) {
      const { notifier, posts } = webhook(secret);
      await notifier.notify([firingAlert()]);
      const [{ body, headers } = { body: '', headers: {} }] = posts;
      expect(verify(secret, headers, body, NOW)).toBe(true);
      expect(verify(secret, headers, `${body} `, NOW)).toBe(false);
      expect(verify('other', headers, body, NOW)).toBe(false);
      expect(verify(secret, headers, body, NOW + 6 * 60_000)).toBe(false);
      expect(verify(secret, { ...headers, 'webhook-timestamp': String(NOW / 1000 + 60) }, body, NOW)).toBe(false);
      expect(verify(secret, { ...headers, 'webhook-signature': 'v1,short' }, body, NOW)).toBe(false);
    }
  });
});
