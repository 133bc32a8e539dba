/** GET /v1/fleet: one answer for all who ask at about the same time, made text once. */
import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import type { StoreQueries } from '../store/index.js';
import { answers } from './schemas.js';
import type { AlertFeed } from './feed.js';
import { askFleet, fleetBody } from './fleet.js';
import { subject } from './params.js';
import { SingleFlight } from './single-flight.js';

/** All who ask within so many milliseconds are given one answer, unless an alert comes between. */
const MAX_AGE_MS = 2000;

const body = z.array(fleetBody);

export const fleetRoute: FastifyPluginAsync<{ queries: StoreQueries; feed: AlertFeed }> = async (
  app,
  { queries, feed },
) => {
  const fleet = new SingleFlight(
    async () => {
      const vms = body.parse(await askFleet(queries));
      return { vms, text: JSON.stringify(vms) };
    },
    { maxAgeMs: MAX_AGE_MS },
  );
  feed.onEvent(() => {
    fleet.drop();
  });

  app.get<{ Querystring: z.output<typeof subject> }>(
    '/v1/fleet',
    {
      schema: {
        querystring: subject,
        response: answers(body, 'Living VMs, what they did in the last minutes, and their state.'),
      },
    },
    async ({ query: { host, life } }, reply) => {
      const { vms, text } = await fleet.get();
      if (host === undefined && life === undefined) return reply.type('application/json; charset=utf-8').send(text);
      return vms.filter((vm) => (host ?? vm.host.id) === vm.host.id && (life ?? vm.life) === vm.life);
    },
  );
  await Promise.resolve();
};
