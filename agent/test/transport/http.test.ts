import { createServer as createSecureServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { makeCertificates } from '../../../scripts/tls.js';
import { accept, batch, listen, never, serve, transportTo } from './surroundings.js';

const certificates = await makeCertificates();

describe('HttpTransport', () => {
  it('posts batches, compressed and with its token, oldest first', async () => {
    const { url, received } = await serve(accept);
    const { transport } = transportTo(`${url}/below/`, { token: 'secret' });
    for (const n of [1, 2, 3]) transport.send(batch(n));
    await transport.drain(never);

    expect(received.map(({ sequences }) => sequences)).toEqual([[1], [2, 3]]);
    expect(received[0]?.path).toBe('/below/v1/batches');
    expect(received[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      authorization: 'Bearer secret',
    });
    expect(transport.stats).toMatchObject({ delivered: 3, queuedBatches: 0, newestDeliveredMs: 3000 });
  });

  it('sends plain bytes when compression is off', async () => {
    const { url, received } = await serve(accept);
    const { transport } = transportTo(url, { gzip: false });
    transport.send(batch(9));
    await transport.drain(never);
    expect(received[0]?.sequences).toEqual([9]);
    expect(received[0]?.headers['content-encoding']).toBeUndefined();
    expect(received[0]?.headers.authorization).toBeUndefined();
  });

  it('keeps batches through an outage, and logs its beginning and its end once each', async () => {
    const { url, received } = await serve((_, response, attempt) => {
      if (attempt <= 3) response.destroy();
      else response.writeHead(202).end();
    });
    const { transport, lines } = transportTo(url);
    transport.send(batch(1));
    transport.send(batch(2));
    await transport.drain(never);

    expect(received.map(({ sequences }) => sequences)).toEqual([[1], [1, 2], [1, 2], [1, 2]]);
    expect(transport.stats).toMatchObject({ delivered: 2, retried: 3 });
    expect(lines.map((line) => line.level)).toEqual(['warn', 'info']);
    expect(lines[0]?.msg).toMatch(/^cannot deliver: .*; batches are kept and tried again$/);
  });

  it('waits as long as a busy server asks for', async () => {
    const { url } = await serve((_, response, attempt) => {
      if (attempt === 1) response.writeHead(503, { 'retry-after': '7' }).end('{"message":"store is full"}');
      else response.writeHead(202).end();
    });
    const { transport, slept, lines } = transportTo(url);
    transport.send(batch(1));
    await transport.drain(never);
    expect(slept).toEqual([7000]);
    expect(lines[0]?.msg).toContain('503: store is full');
    expect(transport.stats).toMatchObject({ delivered: 1, retried: 1 });
  });

  it('drops what is refused for good, counts it, and says so once for each kind', async () => {
    const { url } = await serve((_, response, attempt) => {
      response.writeHead(attempt === 3 ? 413 : 401).end(`{"message":"no token ${attempt}"}`);
    });
    const { transport, lines } = transportTo(url);
    for (const n of [1, 2, 3]) {
      transport.send(batch(n));
      await transport.drain(never);
    }
    expect(transport.stats.delivered).toBe(0);
    expect([...transport.stats.rejected]).toEqual([
      ['401', 2],
      ['413', 1],
    ]);
    expect(lines.map((line) => line.msg)).toEqual([
      'the collector refuses batches (401: no token 1); they are dropped',
      'the collector refuses batches (413: no token 3); they are dropped',
    ]);
  });

  it('gives up an attempt that gets no answer and makes another', async () => {
    const { url } = await serve((_, response, attempt) => {
      if (attempt > 1) response.writeHead(202).end();
    });
    const { transport, lines } = transportTo(url, { timeoutMs: 300 });
    transport.send(batch(1));
    await transport.drain(never);
    expect(lines[0]?.msg).toContain('no answer within 300 ms');
    expect(transport.stats.delivered).toBe(1);
  });

  it('thins while the oldest cannot be delivered, and delivers each epoch whole', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { url, received } = await serve((_, response) => {
      void gate.then(() => response.writeHead(202).end());
    });
    const { transport } = transportTo(url, { queue: { batches: 3, bytes: 1_000_000 } });
    for (let n = 1; n <= 5; n++) transport.send(batch(n, 'a'));
    for (let n = 6; n <= 9; n++) transport.send(batch(n, 'b'));
    expect(transport.stats).toMatchObject({ thinned: 6, queuedBatches: 3 });
    open();
    await transport.drain(never);
    const last = received.flatMap(({ sequences }) => sequences);
    expect(last).toContain(5);
    expect(last.at(-1)).toBe(9);
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
    const { transport } = transportTo(url, { tls: { ca, ...client } });
    transport.send(batch(1));
    await transport.drain(never);
    expect(seen).toEqual(['tcewatch test client']);
  });

  it('does not deliver to a server whose authority it does not know', async () => {
    const server = createSecureServer(certificates.server, (_, response) => {
      response.writeHead(202).end();
    });
    const url = await listen(server, 'https');
    const { transport, firstLine } = transportTo(url);
    transport.send(batch(1));
    expect((await firstLine).msg).toContain('unable to verify the first certificate');
    expect(transport.stats).toMatchObject({ delivered: 0, retried: 1 });
  });

  it('says when there is room again', async () => {
    const { url } = await serve(accept);
    const { transport } = transportTo(url, { queue: { batches: 1, bytes: 1_000_000 } });
    for (let n = 1; n <= 20; n++) {
      await transport.room(never);
      transport.send(batch(n));
    }
    await transport.drain(never);
    expect(transport.stats).toMatchObject({ delivered: 20, thinned: 0 });
  });

  it('stops draining when it is told to, and closes in the middle of an attempt', async () => {
    const { url } = await serve(() => undefined);
    const { transport } = transportTo(url);
    transport.send(batch(1));
    await expect(transport.drain(AbortSignal.abort())).rejects.toThrow();
    await transport.close();
    transport.send(batch(2));
    expect(transport.stats).toMatchObject({ delivered: 0, queuedBatches: 1 });
  });
});
