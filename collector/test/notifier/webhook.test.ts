import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret } from '@tcewatch/config';
import { afterEach, describe, expect, it } from 'vitest';
import { alertBody } from '../../src/alert-body.js';
import { webhookNotifier } from '../../src/notifier/webhook.js';
import { firingAlert } from '../events.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function receiver(status: number | 'never', headers: Record<string, string> = {}) {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const own = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      if (status !== 'never') response.writeHead(status, headers).end('words');
    });
  });
  server = own;
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  return { received, url: `http://127.0.0.1:${(own.address() as AddressInfo).port}/hook` };
}

describe('the webhook', () => {
  it('posts the event as JSON, with token and signature', async () => {
    const { received, url } = await receiver(204);
    const secrets = { token: new Secret('t0ken'), secret: new Secret('key') };
    await webhookNotifier({ name: 'hook', url, timeout: 60_000, ...secrets }).notify([firingAlert()]);
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer t0ken',
      'x-tcewatch-signature': `sha256=${createHmac('sha256', 'key').update(body).digest('hex')}`,
    });
    expect(alertBody.parse(JSON.parse(body))).toMatchObject({
      alert: 'TceAccelerationLost',
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

  it('sends neither token nor signature that it was not given', async () => {
    const { received, url } = await receiver(200);
    await webhookNotifier({ name: 'hook', url, timeout: 60_000 }).notify([firingAlert()]);
    expect(Object.keys(received[0]?.headers ?? {})).not.toContain('authorization');
    expect(Object.keys(received[0]?.headers ?? {})).not.toContain('x-tcewatch-signature');
  });

  it.each([500, 404, 401])('rejects when the receiver answers %d', async (status) => {
    const { url } = await receiver(status);
    const hook = webhookNotifier({ name: 'hook', url, timeout: 60_000 });
    await expect(hook.notify([firingAlert()])).rejects.toThrow(`answered ${status}`);
  });

  it('does not follow the receiver elsewhere', async () => {
    const { url, received } = await receiver(307, { location: '/elsewhere' });
    const hook = webhookNotifier({ name: 'hook', url, timeout: 60_000 });
    await expect(hook.notify([firingAlert()])).rejects.toThrow('answered 307');
    expect(received).toHaveLength(1);
  });

  it('gives up an attempt that is not answered', async () => {
    const { url } = await receiver('never');
    await expect(webhookNotifier({ name: 'hook', url, timeout: 20 }).notify([firingAlert()])).rejects.toThrow(/timeout/);
  });
});
