import { getHttps, makeCertificates } from '@tcewatch/testing/tls';
import type { FastifyInstance } from 'fastify';
import { Gauge, Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/http/server.js';
import type { ServerOptions } from '../../src/http/server.js';
import type { Health } from '../../src/http/health.js';

let server: FastifyInstance;
afterEach(() => server.close());

const good: Health = { ok: true, reason: 'fine' };
const bad: Health = { ok: false, reason: 'late' };

function serve(options: Partial<ServerOptions> = {}): FastifyInstance {
  const metrics = new Registry();
  new Gauge({ name: 'some', help: 'Some.', registers: [metrics] }).set(3);
  server = createServer({ metrics, alive: () => good, ready: () => good, ...options });
  return server;
}

describe('createServer', () => {
  it('serves metrics in the format of Prometheus', async () => {
    const reply = await serve().inject('/metrics');
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(reply.body).toContain('some 3');
  });

  it('asks for the token where there is one, but not of probes', async () => {
    serve({ token: 'hush' });
    const status = async (authorization?: string) =>
      (await server.inject({ url: '/metrics', headers: authorization ? { authorization } : {} })).statusCode;
    expect(await status()).toBe(401);
    expect(await status('Bearer wrong')).toBe(401);
    expect(await status('Bearer hush')).toBe(200);
    expect((await server.inject('/healthz')).statusCode).toBe(200);
    expect((await server.inject('/readyz')).statusCode).toBe(200);
  });

  it('answers probes with the reason', async () => {
    serve({ ready: () => bad });
    const ready = await server.inject('/readyz');
    expect([ready.statusCode, ready.json()]).toEqual([503, bad]);
    const alive = await server.inject('/healthz');
    expect([alive.statusCode, alive.json()]).toEqual([200, good]);
  });

  it('knows nothing else, and takes no bodies', async () => {
    serve();
    expect((await server.inject('/other')).statusCode).toBe(404);
    expect((await server.inject({ method: 'POST', url: '/metrics', payload: 'x'.repeat(2000) })).statusCode).toBe(404);
  });

  it('serves all of it by HTTPS where it has a certificate', async () => {
    const { ca, server: tls } = await makeCertificates();
    const url = await serve({ tls, token: 'hush' }).listen({ host: '127.0.0.1', port: 0 });
    const headers = { authorization: 'Bearer hush' };
    expect(await getHttps(`${url}/metrics`, { ca, headers })).toMatchObject({
      status: 200,
      text: expect.stringContaining('some 3') as string,
    });
    expect((await getHttps(`${url}/metrics`, { ca })).status).toBe(401);
    expect((await getHttps(`${url}/healthz`, { ca })).status).toBe(200);
    await expect(getHttps(`${url}/metrics`, { headers })).rejects.toThrow('unable to verify the first certificate');
  });
});
