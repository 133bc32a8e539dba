/** Bearer authentication of the collector's HTTP interface. */
import bearerAuth from '@fastify/bearer-auth';
import type { Secret } from '@tcewatch/common';
import type { FastifyInstance } from 'fastify';

/** Makes every route of the plugin ask for the token; without one whoever connects may come in. */
export async function requireToken(app: FastifyInstance, token: Secret | undefined): Promise<void> {
  if (!token) return;
  await app.register(bearerAuth, { keys: [token.reveal()], addHook: false, verifyErrorLogLevel: 'debug' });
  app.addHook('onRequest', (request, reply, done) => {
    app.verifyBearerAuth?.(request, reply, done);
  });
}
