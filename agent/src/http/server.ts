/**
 * What the agent shows of itself: /metrics for Prometheus, /healthz and /readyz for whoever supervises it. Built apart from
 * listening, so that tests inject requests. Probes need no token: they say nothing of guests.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import type { Health } from '../run/health.js';

export interface ServerOptions {
  metrics: Registry;
  alive: () => Health;
  ready: () => Health;
  /** Without one anybody who reaches the port may read the metrics. */
  token?: string | undefined;
  /** PEM texts. */
  tls?: { cert: string; key: string } | undefined;
}

/** Nothing here takes a body, and nobody needs long to ask. */
const LIMITS = { bodyLimit: 1024, requestTimeout: 10_000, connectionTimeout: 60_000, keepAliveTimeout: 60_000 };

export function createServer({ metrics, alive, ready, token, tls }: ServerOptions): FastifyInstance {
  const server: FastifyInstance = fastify({ ...LIMITS, ...(tls && { https: tls }) });
  server.get('/healthz', (_, reply) => answer(reply, alive()));
  server.get('/readyz', (_, reply) => answer(reply, ready()));
  server.get('/metrics', async (request, reply) => {
    if (token !== undefined && !sameText(request.headers.authorization ?? '', `Bearer ${token}`)) {
      return reply.code(401).header('www-authenticate', 'Bearer').send({ message: 'give the token as a bearer token' });
    }
    return reply.type(metrics.contentType).send(await metrics.metrics());
  });
  return server;
}

function answer(reply: FastifyReply, health: Health): FastifyReply {
  return reply.code(health.ok ? 200 : 503).send(health);
}

/** Takes the same time wherever the texts differ, and whatever their lengths. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
