/** The read API: questions to the store as JSON over HTTP, described by /openapi.json. */
import etag from '@fastify/etag';
import swagger from '@fastify/swagger';
import type { Secret } from '@tcewatch/common';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { alertBody, toAlertBody } from '../alerts/body.js';
import { requireToken } from '../bearer-auth.js';
import type { StoreQueries, VmRow } from '../store/index.js';
import { nanoseconds } from '../time.js';
import { accountAnswer, countsAnswer, hostAnswer, latencyAnswer, stepAnswer, vmAnswer } from './serialize.js';
import { accountBody, answers, countsBody, hostBody, latencyBody, liobnBody, stepBody, vmBody } from './schemas.js';
import { NotFoundError, answerErrors } from './errors.js';
import type { AlertFeed } from './feed.js';
import { fleetRoute } from './fleet-route.js';
import { liobnAnswers } from './liobns.js';
import { alerts, range, steps, subject, toAlertFilter, toRange, toSubject } from './params.js';
import { alertStream } from './stream.js';

export interface ApiOptions {
  queries: StoreQueries;
  feed: AlertFeed;
  /** Token that readers must give. Default: none, whoever connects may read. */
  token?: Secret | undefined;
  /** Milliseconds that a host's clock may be off before that is a problem of the host. */
  maxClockSkewMs: number;
}

const life = z.object({ life: z.uuid().describe('Life of a VM.') });

export const readApi: FastifyPluginAsyncZod<ApiOptions> = async (app, { queries, feed, token, maxClockSkewMs }) => {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  answerErrors(app.withTypeProvider());
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'tcewatch collector',
        description: 'How the TCE hypercalls of KVM guests are handled, and why acceleration was lost.',
        version: '1',
      },
      ...(token && {
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
        security: [{ token: [] }],
      }),
    },
    transform: jsonSchemaTransform,
  });
  // Who asks again and again is told that nothing changed, instead of all of it.
  await app.register(etag);
  await requireToken(app.withTypeProvider(), token);

  async function oneVm(wanted: string): Promise<VmRow> {
    const [row] = await queries.vms({ life: wanted });
    if (!row) throw new NotFoundError(`no VM has the life ${wanted}; GET /v1/vms lists them`);
    return row;
  }

  await app.register(fleetRoute, { queries, feed });
  await app.register(alertStream, { queries, feed });

  app.get(
    '/v1/hosts',
    { schema: { response: answers(z.array(hostBody), 'Hosts as they were last read.') } },
    async () => {
      const [hosts, runs] = await Promise.all([queries.hosts(), queries.hostRuns()]);
      return hosts.map((host) => {
        const ofHost = runs.filter(({ hostId }) => hostId === host.hostId);
        return hostAnswer(host, ofHost, maxClockSkewMs);
      });
    },
  );

  app.get(
    '/v1/vms',
    { schema: { querystring: subject, response: answers(z.array(vmBody), 'Lives of VMs, ended ones too.') } },
    async ({ query }) => (await queries.vms(toSubject(query))).map(vmAnswer),
  );

  app.get(
    '/v1/vms/:life',
    { schema: { params: life, response: answers(vmBody, 'One life of a VM.') } },
    async ({ params }) => vmAnswer(await oneVm(params.life)),
  );

  app.get(
    '/v1/counts',
    {
      schema: {
        querystring: subject.extend(range.shape),
        response: answers(z.array(countsBody), 'Hypercalls by mode over a time, for each VM.'),
      },
    },
    async ({ query }) => {
      const asked = toSubject(query);
      const [counts, vms] = await Promise.all([queries.counters({ ...toRange(query), ...asked }), queries.vms(asked)]);
      return countsAnswer(counts, vms);
    },
  );

  app.get(
    '/v1/vms/:life/steps',
    {
      schema: {
        params: life,
        querystring: steps,
        response: answers(z.array(stepBody), 'What each step of a time added, by hypercall and mode.'),
      },
    },
    async ({ params, query }) => {
      const vm = await oneVm(params.life);
      const rows = await queries.counterSteps({
        life: params.life,
        fromNs: nanoseconds(query.from),
        toNs: nanoseconds(query.to),
        stepNs: BigInt(query.step) * 1_000_000n,
      });
      return rows.map((row) => stepAnswer(row, vm));
    },
  );

  app.get(
    '/v1/vms/:life/liobns',
    {
      schema: {
        params: life,
        querystring: range,
        response: answers(z.array(liobnBody), 'Hypercalls by LIOBN and mode over a time.'),
      },
    },
    async ({ params, query }) => {
      const vm = await oneVm(params.life);
      return liobnAnswers(await queries.liobns({ life: params.life, hostId: vm.hostId, ...toRange(query) }), vm);
    },
  );

  app.get(
    '/v1/vms/:life/latency',
    {
      schema: {
        params: life,
        querystring: range,
        response: answers(latencyBody, 'How long hypercalls took over a time, and what that cost the VM.'),
      },
    },
    async ({ params, query }) => {
      const vm = await oneVm(params.life);
      return latencyAnswer(await queries.latency({ life: params.life, hostId: vm.hostId, ...toRange(query) }), vm);
    },
  );

  app.get(
    '/v1/alerts',
    {
      schema: {
        querystring: alerts,
        response: answers(z.array(alertBody), 'The newest event of each alert, newest alert first.'),
      },
    },
    async ({ query }) => (await queries.alerts(toAlertFilter(query))).map(toAlertBody),
  );

  app.get(
    '/v1/alerts/:alertId/events',
    {
      schema: {
        params: z.object({ alertId: z.uuid().describe('Of an alert.') }),
        response: answers(z.array(alertBody), 'Every event of one alert, by revision.'),
      },
    },
    async ({ params }) => {
      const events = await queries.alertEvents(params.alertId);
      if (events.length === 0) {
        throw new NotFoundError(`no alert has the id ${params.alertId}; GET /v1/alerts lists them`);
      }
      return events.map(toAlertBody);
    },
  );

  app.get(
    '/v1/accounts',
    { schema: { response: answers(z.array(accountBody), 'The books of each host: seen = stored + lost.') } },
    async () => (await queries.accounts()).map(accountAnswer),
  );

  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
};
