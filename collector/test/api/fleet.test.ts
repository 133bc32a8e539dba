/** One word for each VM: decided from what is stored, and from nothing else. */
import { HPT, PR, RADIX, lifeOf } from '@tcewatch/testing/batches';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { readApi } from '../../src/api/api.js';
import type { fleetBody } from '../../src/api/fleet.js';
import type { AlertEvent } from '../../src/alerts/event.js';
import type { CountRow, HostRow, StoreQueries } from '../../src/store/index.js';
import { firingAlert } from '../events.js';
import { get, host as anyHost, life, queriesOf, quietFeed, vm } from './ask.js';

type Fleet = z.infer<typeof fleetBody>[];

const READ_AT = 1_795_348_800n * 1_000_000_000n + 30_000_000_000n;
const host: HostRow = { ...anyHost, readAtNs: READ_AT };
const calls = (counters: CountRow['counters']): CountRow => ({ hostId: 'h', life, hypercall: 'H_PUT_TCE', counters });
const alertOf = (changes: Partial<AlertEvent>): AlertEvent => {
  const alert = firingAlert();
  return { ...alert, hostId: 'h', vm: alert.vm && { ...alert.vm, life }, ...changes };
};

async function fleet(given: Partial<StoreQueries>): Promise<Fleet> {
  const { status, body } = await get('/v1/fleet', { hosts: () => Promise.resolve([host]), ...given });
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Fleet;
}

describe('the state of a VM', () => {
  const recent = () => Promise.resolve([calls({ entered: 330, punted: 30 })]);
  const vmsWith = (evidence: typeof RADIX) => () => Promise.resolve([{ ...vm, evidence }]);
  const alerts =
    (...all: AlertEvent[]) =>
    () =>
      Promise.resolve(all);
  const silence = alertOf({ alert: 'TceTelemetrySilent', vm: null });

  it.each<[string, string, Partial<StoreQueries>]>([
    ['accelerated', 'the kernel handles its calls', { recent }],
    ['idle', 'it called nothing', {}],
    [
      'fallback',
      'the kernel handles none of its calls',
      { recent: () => Promise.resolve([calls({ entered: 3, punted: 3 })]) },
    ],
    ['unobservable', 'real mode cannot be seen', { recent, livingVms: vmsWith(HPT) }],
    ['unobservable', 'real mode cannot be seen and nothing was', { livingVms: vmsWith(HPT) }],
    ['unobservable', 'it runs on KVM PR', { recent, livingVms: vmsWith(PR) }],
    ['fallback', 'its alert fires', { recent, newestAlerts: alerts(alertOf({})) }],
    [
      'fallback',
      'its alert fires, though real mode cannot be seen',
      { livingVms: vmsWith(HPT), newestAlerts: alerts(alertOf({})) },
    ],
    ['accelerated', 'its alert was resolved', { recent, newestAlerts: alerts(alertOf({ state: 'resolved' })) }],
    ['silent', 'its host does not report', { recent, newestAlerts: alerts(silence) }],
    ['silent', 'nobody knows whether it still falls back', { recent, newestAlerts: alerts(silence, alertOf({})) }],
    ['accelerated', 'the alert is of another VM', { recent, newestAlerts: alerts(firingAlert('b')) }],
    [
      'silent',
      'its host does not report, and something else is wrong with that',
      { newestAlerts: alerts(silence, alertOf({ alert: 'TceDuplicateIdentity', vm: null })) },
    ],
    [
      'accelerated',
      'the alert is about its host, which reports',
      { recent, newestAlerts: alerts(alertOf({ alert: 'TceDuplicateIdentity', vm: null })) },
    ],
  ])('is %s: %s', async (state, _, given) => {
    expect(await fleet(given)).toMatchObject([{ state }]);
  });

  it('comes with its figures over the time that they are of', async () => {
    expect(await fleet({ recent })).toMatchObject([
      {
        host: { id: 'h', name: 'h.example' },
        vm: 'a',
        readAt: '2026-11-22T12:00:30.000Z',
        seconds: 330,
        callsPerSecond: 1,
        modes: [
          { mode: 'real', calls: 0, evidence: 'absent' },
          { mode: 'virtual', calls: 300, evidence: 'exact' },
          { mode: 'userspace', calls: 30, evidence: 'exact' },
        ],
        alert: null,
      },
    ]);
  });

  it('never makes 0 of what nobody can observe', async () => {
    const [only] = await fleet({ recent, livingVms: vmsWith(HPT) });
    expect(only?.modes[0]).toMatchObject({ mode: 'real', calls: null, evidence: 'unobservable' });
  });

  it('says of a VM on KVM PR why nobody knows, and that its punts are at most as many', async () => {
    const [only] = await fleet({ recent, livingVms: vmsWith(PR) });
    expect(only?.modes).toMatchObject([
      { mode: 'real', calls: 0, evidence: 'absent', reason: 'kvm-pr' },
      { mode: 'virtual', calls: null, evidence: 'unobservable', reason: 'kvm-pr' },
      { mode: 'userspace', calls: 30, evidence: 'upper-bound', reason: 'all-hypercalls-counted' },
    ]);
  });
});

it('is asked for one host or one VM alone', async () => {
  const other = { ...vm, hostId: 'h2', life: lifeOf('other') };
  const given: Partial<StoreQueries> = {
    hosts: () => Promise.resolve([host, { ...host, hostId: 'h2' }]),
    livingVms: () => Promise.resolve([vm, other]),
  };
  const lives = async (query: string) => {
    const { body } = await get(`/v1/fleet${query}`, given);
    return (body as Fleet).map((one) => one.life);
  };
  expect(await lives('')).toEqual([vm.life, other.life]);
  expect(await lives('?host=h2')).toEqual([other.life]);
  expect(await lives(`?life=${vm.life}`)).toEqual([vm.life]);
  expect(await lives(`?host=h2&life=${vm.life}`)).toEqual([]);
});

it('is read from the store once for all who ask, and anew when an alert comes', async () => {
  let asked = 0;
  const feed = quietFeed();
  const hosts = () => {
    asked += 1;
    return Promise.resolve([host]);
  };
  const app = fastify();
  await app.register(readApi, { queries: queriesOf({ hosts }), feed, maxClockSkewMs: 10_000 });
  const ask = async () => {
    const { headers, payload } = await app.inject('/v1/fleet');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    return payload;
  };
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(asked).toBe(1);
  expect(new Set(answers).size).toBe(1);
  expect(JSON.parse(answers[0])).toMatchObject([{ vm: 'a', state: 'idle' }]);
  feed.publish(firingAlert());
  await ask();
  expect(asked).toBe(2);
  await app.close();
});

it('leaves out guests that count themselves', async () => {
  expect(await fleet({ hosts: () => Promise.resolve([{ ...host, source: 'guest' }]) })).toEqual([]);
});
