/** The collector's one HTTP server: intake, read API, page, runbooks, metrics and health. Listening is apart from building. */
import Fastify, { LogController } from 'fastify';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { readApi } from '../api/api.js';
import type { ApiOptions } from '../api/api.js';
import { errorAnswer } from '../api/errors.js';
import { httpIntake } from '../intake/http.js';
import type { IntakeOptions } from '../intake/http.js';
import { statusPage } from './page.js';
import { runbookPages } from './runbooks.js';

export interface ServerOptions {
  /** PEM texts. */
  tls: { cert: string; key: string } | undefined;
  intake: IntakeOptions;
  api: ApiOptions;
  registry: Registry;
  log: Logger;
}

/** Milliseconds within which a request must have arrived, lest slow senders hold connections for ever. */
const REQUEST_TIMEOUT = 60_000;

export async function buildServer({ tls, intake, api, registry, log }: ServerOptions): Promise<FastifyInstance> {
  const options = {
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: REQUEST_TIMEOUT,
  };
  const app = tls ? (Fastify({ ...options, https: tls }) as unknown as FastifyInstance) : Fastify(options);
  await app.register(httpIntake, intake);
  await app.register(readApi, api);
  await app.register(statusPage);
  await app.register(runbookPages);
  app.get('/metrics', async (_, reply) => {
    const text = await registry.metrics();
    return reply.type(registry.contentType).send(text);
  });
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    try {
      await api.queries.ping();
      return { status: 'ready' };
    } catch (error) {
      return reply.code(503).send({ status: 'not-ready', message: (error as Error).message });
    }
  });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send(errorAnswer('not-found', `${request.method} ${request.url}: see /openapi.json`)),
  );
  return app;
}
