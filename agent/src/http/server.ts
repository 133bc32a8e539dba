/**
 * HTTP server of the agent: /metrics for Prometheus, /healthz and /readyz for supervisors. Built apart from listening,
 * so that tests inject requests. Probes need no token: they say nothing of guests.
 */
import { fastifyBearerAuth } from '@fastify/bearer-auth';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import type { Health } from './health.js';

export interface ServerOptions {
  metrics: Registry;
  alive: () => Health;
  ready: () => Health;
  /** Bearer token for the metrics; without one anybody who reaches the port may read them. */
  token?: string | undefined;
  /** Certificate and key as PEM texts. */
  tls?: { cert: string; key: string } | undefined;
}

/** Limits of a request: none here has a body, and none takes long. */
const LIMITS = { bodyLimit: 1024, requestTimeout: 10_000, connectionTimeout: 60_000, keepAliveTimeout: 60_000 };

export function createServer({ metrics, alive, ready, token, tls }: ServerOptions): FastifyInstance {
  const server: FastifyInstance = fastify({ ...LIMITS, ...(tls && { https: tls }) });
  server.get('/healthz', (_, reply) => answer(reply, alive()));
  server.get('/readyz', (_, reply) => answer(reply, ready()));
  server.register((guarded, _, done) => {
    if (token !== undefined) guarded.register(fastifyBearerAuth, { keys: new Set([token]) });
    guarded.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
    done();
  });
  return server;
}

function answer(reply: FastifyReply, health: Health): FastifyReply {
  return reply.code(health.ok ? 200 : 503).send(health);
}
