import { createServer as createHttp } from 'node:http';
import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Secret } from '@tcewatch/common';
import { makeCertificates } from '@tcewatch/testing/tls';
import { afterEach, describe, expect, it } from 'vitest';
import { ReceiverRefusedError, authorizationOf, createReceiver } from '../../src/notifier/receiver.js';
import type { ReceiverOptions } from '../../src/notifier/receiver.js';

const { ca, server: served, client } = await makeCertificates();

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(status: number | 'never', more: { headers?: Record<string, string>; tls?: boolean } = {}) {
  const received: { headers: IncomingHttpHeaders; body: string; url: string }[] = [];
  const answer: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body, url: request.url ?? '' });
      if (status !== 'never') response.writeHead(status, more.headers).end('words');
    });
  };
  const own = more.tls
    ? createHttps({ ...served, ca, requestCert: true, rejectUnauthorized: true }, answer)
    : createHttp(answer);
  server = own;
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  const url = `http${more.tls ? 's' : ''}://127.0.0.1:${(own.address() as AddressInfo).port}/hook/secret-path`;
  const send = (body: string, given: Partial<ReceiverOptions> = {}) =>
    createReceiver({ url, tls: {}, timeout: 60_000, ...given })(body, { 'x-own': 'yes' });
  return { received, send };
}

describe('a receiver', () => {
  it('is sent JSON with the headers of the message, and authorization where there is one', async () => {
    const { received, send } = await listen(204);
    await send('{}');
    await send('[]', { authorization: authorizationOf(undefined, new Secret('t0ken')) });
    await send('1', { authorization: authorizationOf({ user: 'u', password: new Secret('p:w') }, undefined) });
    expect(received.map(({ body, headers }) => [body, headers.authorization])).toEqual([
      ['{}', undefined],
      ['[]', 'Bearer t0ken'],
      ['1', `Basic ${Buffer.from('u:p:w').toString('base64')}`],
    ]);
    expect(received[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'x-own': 'yes' });
    expect(received[0]?.url).toBe('/hook/secret-path');
  });

  it.each([500, 404, 401, 429, 307])('may take it later when it answers %d', async (status) => {
    const { received, send } = await listen(status, { headers: { location: '/elsewhere' } });
    const error: unknown = await send('{}').catch((failure: unknown) => failure);
    expect(error).not.toBeInstanceOf(ReceiverRefusedError);
    expect((error as Error).message).toMatch(new RegExp(`^http://127.0.0.1:\\d+ answered ${status}: words$`));
    // It is not followed elsewhere, and the path may be a secret.
    expect(received).toHaveLength(1);
  });

  it.each([400, 413, 422])('will never take it when it answers %d', async (status) => {
    const { send } = await listen(status);
    await expect(send('{}')).rejects.toThrow(ReceiverRefusedError);
  });

  it('is given up when it does not answer', async () => {
    const { send } = await listen('never');
    await expect(send('{}', { timeout: 20 })).rejects.toThrow(/has not answered within 20 ms/);
  });

  it('that nobody listens at is named without its path', async () => {
    const { send } = await listen(200);
    server?.close();
    await expect(send('{}')).rejects.toThrow(/^http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  it('is trusted by its authority, and shown a certificate', async () => {
    const { received, send } = await listen(200, { tls: true });
    const tls = { ca: new Secret(ca), cert: new Secret(client.cert), key: new Secret(client.key) };
    await send('{}', { tls });
    expect(received).toHaveLength(1);
    await expect(send('{}')).rejects.toThrow(/certificate/);
    await expect(send('{}', { tls: { ca: tls.ca } })).rejects.toThrow();
    expect(received).toHaveLength(1);
  });
});
