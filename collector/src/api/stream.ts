/**
 * GET /v1/alerts/stream: alerts as server-sent events. The first has the newest ones, each after it the one that has just
 * changed. A reader that does not keep up is let go of; when it comes back it has all of them again.
 */
import { PassThrough } from 'node:stream';
import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import { alertBody, toAlertBody } from '../alerts/body.js';
import type { AlertEvent } from '../alerts/event.js';
import type { StoreQueries } from '../store/index.js';
import { errorAnswer } from './errors.js';
import { errorBody } from './schemas.js';
import type { AlertFeed } from './feed.js';

export interface StreamOptions {
  queries: Pick<StoreQueries, 'alerts'>;
  feed: AlertFeed;
}

/** Alerts of the first event. */
const NEWEST = 200;
const MAX_STREAMS = 500;
/** Bytes that may wait for a reader. */
const MAX_WAITING = 4 * 1024 * 1024;
/** Proxies cut connections on which nothing is said for a minute. */
const KEEP_ALIVE_MS = 15_000;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // nginx would keep events until it has a buffer of them.
  'x-accel-buffering': 'no',
} as const;

const answers = {
  200: {
    description: 'Events of the name "alerts", whose data are JSON: the newest alerts, then each as it changes.',
    content: { 'text/event-stream': { schema: z.array(alertBody) } },
  },
  '4xx': errorBody,
  '5xx': errorBody,
};

export const alertStream: FastifyPluginAsync<StreamOptions> = async (app, { queries, feed }) => {
  const open = new Set<PassThrough>();
  app.addHook('preClose', (done) => {
    for (const stream of open) stream.end();
    done();
  });

  app.get('/v1/alerts/stream', { schema: { response: answers } }, async (_, reply) => {
    if (open.size >= MAX_STREAMS) {
      const message = `${MAX_STREAMS} watch already; ask GET /v1/alerts from time to time`;
      return reply.code(503).header('retry-after', 30).send(errorAnswer('overloaded', message));
    }
    const stream = new PassThrough();
    const missed: AlertEvent[] = [];
    const tell = (events: readonly AlertEvent[]): void => {
      stream.write(`event: alerts\ndata: ${JSON.stringify(events.map(toAlertBody))}\n\n`);
      if (stream.writableLength > MAX_WAITING) stream.destroy();
    };
    let told = (event: AlertEvent): void => void missed.push(event);
    const leave = feed.watch((event) => {
      told(event);
    });
    open.add(stream);
    const keepAlive = setInterval(() => stream.write(':\n\n'), KEEP_ALIVE_MS);
    stream.once('close', () => {
      clearInterval(keepAlive);
      open.delete(stream);
      leave();
    });
    try {
      tell(await queries.alerts({ limit: NEWEST }));
    } catch (error) {
      stream.destroy();
      throw error;
    }
    if (missed.length > 0) tell(missed);
    told = (event) => {
      tell([event]);
    };
    return reply.headers(HEADERS).send(stream);
  });
  await Promise.resolve();
};
