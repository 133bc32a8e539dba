/** Alerts as they happen, over a real connection: nothing is missed, nobody is waited for, and closing ends it. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret } from '@tcewatch/common';
import fastify from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { readApi } from '../../src/api/api.js';
import { AlertFeed } from '../../src/api/feed.js';
import type { AlertBody } from '../../src/alerts/body.js';
import type { AlertEvent } from '../../src/alerts/event.js';
import type { StoreQueries } from '../../src/store/index.js';
import { firingAlerts } from '../events.js';
import { queriesOf, quietFeed } from './ask.js';

const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const [a, b, c] = firingAlerts('a', 'b', 'c') as [AlertEvent, AlertEvent, AlertEvent];

async function serving(feed: AlertFeed, given: Partial<StoreQueries> = {}, token?: string) {
  const app = fastify();
  const secret = token === undefined ? undefined : new Secret(token);
  await app.register(readApi, { queries: queriesOf(given), feed, token: secret, maxClockSkewMs: 10_000 });
  await app.listen({ port: 0, host: '127.0.0.1' });
  opened.push(() => app.close());
  return { app, port: (app.server.address() as AddressInfo).port };
}

/** The names of the VMs of each event of the stream, as they come. */
async function watching(port: number) {
  const asked = request({ port, host: '127.0.0.1', path: '/v1/alerts/stream' }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const events = (): (string | undefined)[][] =>
    text
      .split('\n\n')
      .slice(0, -1)
      .flatMap((event) => (event.startsWith('event: alerts\ndata: ') ? [event.split('\ndata: ')[1] ?? ''] : []))
      .map((data) => (JSON.parse(data) as AlertBody[]).map(({ vm }) => vm?.name));
  return { response, events, leave: () => asked.destroy() };
}

it('tells first of the newest alerts, and then of each that comes, at once', async () => {
  const feed = quietFeed();
  const { port } = await serving(feed, { alerts: () => Promise.resolve([a]) });
  const { response, events } = await watching(port);
  expect(response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
  });
  await expect.poll(events).toEqual([['a']]);
  feed.publish(b);
  feed.publish(c);
  await expect.poll(events).toEqual([['a'], ['b'], ['c']]);
});

it('misses nothing that happens while the newest are asked for', async () => {
  const feed = quietFeed();
  let answer: ((events: AlertEvent[]) => void) | undefined;
  const { port } = await serving(feed, { alerts: () => new Promise((resolve) => (answer = resolve)) });
  const watched = watching(port);
  await expect.poll(() => answer).toBeDefined();
  feed.publish(b);
  answer?.([a]);
  await expect.poll(async () => (await watched).events()).toEqual([['a'], ['b']]);
});

it('tells what other collectors have stored, once, from one look for all', async () => {
  const looks: bigint[] = [];
  const stored: { event: AlertEvent }[] = [];
  const feed = new AlertFeed({
    storedAfter: (ns) => {
      looks.push(ns);
      return Promise.resolve([...stored]);
    },
    now: () => 100_000_000_000n,
    onError: (error) => {
      throw error as Error;
    },
    everyMs: 5,
  });
  const { port } = await serving(feed);
  const two = await Promise.all([watching(port), watching(port)]);
  feed.publish(a);
  stored.push({ event: a }, { event: b });
  for (const { events } of two) await expect.poll(events).toEqual([[], ['a'], ['b']]);
  const before = looks.length;
  await expect.poll(() => looks.length).toBeGreaterThan(before + 3);
  for (const { events } of two) expect(events()).toEqual([[], ['a'], ['b']]);
  expect(looks[0]).toBe(40_000_000_000n);
  // Nobody watches: nothing is asked.
  for (const { leave } of two) leave();
  await expect.poll(() => feed.watchers).toBe(0);
});

it('goes on after a look that failed', async () => {
  let looks = 0;
  const errors: unknown[] = [];
  const feed = new AlertFeed({
    storedAfter: () => (looks++ === 0 ? Promise.reject(new Error('down')) : Promise.resolve([{ event: a }])),
    now: () => 0n,
    onError: (error) => errors.push(error),
    everyMs: 5,
  });
  const { port } = await serving(feed);
  const { events } = await watching(port);
  await expect.poll(events).toEqual([[], ['a']]);
  expect(errors).toEqual([new Error('down')]);
});

it('asks for the token', async () => {
  const { port } = await serving(quietFeed(), {}, 'secret');
  const { response } = await watching(port);
  expect(response.statusCode).toBe(401);
});

it('ends when the collector does', async () => {
  const { app, port } = await serving(quietFeed());
  const { response, events } = await watching(port);
  await expect.poll(events).toEqual([[]]);
  const ended = once(response, 'end');
  await app.close();
  await ended;
});

it('lets go of who does not read', async () => {
  const feed = quietFeed();
  const { port } = await serving(feed);
  const { response, events } = await watching(port);
  await expect.poll(events).toEqual([[]]);
  response.pause();
  const large: AlertEvent = { ...a, evidence: { ...a.evidence, facts: ['x'.repeat(1_000_000)] } };
  for (let i = 0; feed.watchers > 0 && i < 1000; i++) {
    feed.publish(large);
    await new Promise(setImmediate);
  }
  expect(feed.watchers).toBe(0);
});
