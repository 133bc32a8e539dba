import { createServer as createSecureServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { makeCertificates } from '@tcewatch/testing/tls';
import { describe, expect, it } from 'vitest';
import { accept, batch, listen, never, serve, transportTo } from '../outbox/surroundings.js';

const DELIVERED = { kind: 'settled', refusals: new Map() };
const certificates = await makeCertificates();

describe('HttpTransport', () => {
  it('posts batches in one request, compressed and with its token', async () => {
    const { url, received } = await serve(accept);
    const transport = transportTo(`${url}/below/`, { token: 'secret' });
    expect(await transport.deliver([batch(1)], never)).toEqual(DELIVERED);
    expect(await transport.deliver([batch(2), batch(3)], never)).toEqual(DELIVERED);
    expect(received.map(({ sequences }) => sequences)).toEqual([[1], [2, 3]]);
    expect(received[0]?.path).toBe('/below/v1/batches');
    expect(received[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      authorization: 'Bearer secret',
    });
  });

  it('sends the traceparent of its first batch along', async () => {
    const { url, received } = await serve(accept);
    const transport = transportTo(url);
    await transport.deliver(
      [
        { ...batch(1), traceparent: 'first' },
        { ...batch(2), traceparent: 'second' },
      ],
      never,
    );
    await transport.deliver([batch(3)], never);
    expect(received.map(({ headers }) => headers['traceparent'])).toEqual(['first', undefined]);
  });

  it('sends plain bytes when compression is off', async () => {
    const { url, received } = await serve(accept);
    await transportTo(url, { gzip: false }).deliver([batch(9)], never);
    expect(received[0]?.sequences).toEqual([9]);
    expect(received[0]?.headers['content-encoding']).toBeUndefined();
    expect(received[0]?.headers.authorization).toBeUndefined();
  });

  it('takes a connection that breaks for worth another attempt', async () => {
    const { url } = await serve((_, response) => response.destroy());
    expect(await transportTo(url).deliver([batch(1)], never)).toMatchObject({ kind: 'retry', afterMs: 0 });
  });

  it('tells how long a busy server asks to be left alone', async () => {
    const { url } = await serve((_, response) =>
      response.writeHead(503, { 'retry-after': '7' }).end('{"message":"store is full"}'),
    );
    const verdict = await transportTo(url).deliver([batch(1)], never);
    expect(verdict).toEqual({ kind: 'retry', afterMs: 7000, message: '503: store is full' });
  });

  it('tells what is refused for good, and why', async () => {
    const { url } = await serve((_, response) => response.writeHead(401).end('{"message":"no token"}'));
    const refusal = { reason: '401', message: '401: no token' };
    expect(await transportTo(url).deliver([batch(1), batch(2)], never)).toEqual({
      kind: 'settled',
      refusals: new Map([0, 1].map((i) => [i, refusal])),
    });
  });

  it('gives up an attempt that gets no answer', async () => {
    const { url } = await serve(() => undefined);
    const verdict = await transportTo(url, { timeoutMs: 300 }).deliver([batch(1)], never);
    expect(verdict).toEqual({ kind: 'retry', afterMs: 0, message: 'no answer within 300 ms' });
  });

  it('ends an attempt in the middle when it is told to', async () => {
    const stop = new AbortController();
    const { url } = await serve(() => {
      stop.abort();
    });
    expect((await transportTo(url).deliver([batch(1)], stop.signal)).kind).toBe('retry');
  });

  it('trusts the authority and shows the certificate that it is given', async () => {
    const seen: unknown[] = [];
    const { ca, client } = certificates;
    const options = { ...certificates.server, ca, requestCert: true };
    const server = createSecureServer({ ...options, rejectUnauthorized: true }, (request, response) => {
      if (request.socket instanceof TLSSocket) seen.push(request.socket.getPeerCertificate().subject.CN);
      request.resume().on('end', () => response.writeHead(202).end());
    });
    const url = await listen(server, 'https');
    const tls = { ca, ...client };
    expect(await transportTo(url, { tls }).deliver([batch(1)], never)).toEqual(DELIVERED);
    expect(seen).toEqual(['tcewatch test client']);
  });

  it('does not deliver to a server whose authority it does not know', async () => {
    const server = createSecureServer(certificates.server, (_, response) => {
      response.writeHead(202).end();
    });
    const url = await listen(server, 'https');
    expect(await transportTo(url).deliver([batch(1)], never)).toMatchObject({
      kind: 'retry',
      message: expect.stringContaining('unable to verify the first certificate') as string,
    });
  });
});
