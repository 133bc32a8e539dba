import { UNATTRIBUTED_LIFE } from '@tcewatch/protocol';
import { BOOTED_NS, HPT, SECOND, batchOf, lifeOf } from '@tcewatch/testing/batches';
import { describe, expect, it } from 'vitest';
import { toAlertBody } from '../../src/alerts/body.js';
import { StoreError } from '../../src/model.js';
import type { AlertEvent } from '../../src/alerts/event.js';
import type { StoreQueries } from '../../src/store/index.js';
import { runOf } from '../../src/hosts/agent-runs.js';
import { firingAlert } from '../events.js';
import { get, host as anyHost, life, vm } from './ask.js';

describe('the read API', () => {
  it('shows what nobody can observe as null', async () => {
    const counters = () =>
      Promise.resolve([{ hostId: 'h', life, hypercall: 'H_PUT_TCE' as const, counters: { entered: 10, punted: 10 } }]);
    const answer = await get('/v1/counts', { counters, vms: () => Promise.resolve([{ ...vm, evidence: HPT }]) });
    expect(answer).toMatchObject({
      status: 200,
      body: [
        {
          vm: 'a',
          hypercalls: [
            {
              hypercall: 'H_PUT_TCE',
              entries: 10,
              modes: [
                { mode: 'real', calls: null, evidence: 'unobservable', reason: 'real-mode-invisible' },
                { mode: 'virtual', calls: 0, evidence: 'exact' },
                { mode: 'userspace', calls: 10, evidence: 'exact' },
              ],
            },
          ],
        },
      ],
    });
  });

  it('keeps the unattributed calls of each host apart', async () => {
    const row = { life: UNATTRIBUTED_LIFE, hypercall: 'H_PUT_TCE' as const, counters: { entered: 1 } };
    const counters = () =>
      Promise.resolve([
        { ...row, hostId: 'h' },
        { ...row, hostId: 'i' },
      ]);
    expect((await get('/v1/counts', { counters })).body).toMatchObject([
      { host: 'h', vm: 'unattributed' },
      { host: 'i', vm: 'unattributed' },
    ]);
  });

  it('tells of a host that two agents speak for it, and how far its clock is off', async () => {
    const host = { ...anyHost, readAtNs: BOOTED_NS + 200n * SECOND, problems: ['told by the agent'] };
    const runs = ['a', 'b'].flatMap((name) =>
      [100, 200].map((uptime) => {
        const batch = batchOf({ uptime, vms: [], boot: name });
        return runOf({ ...batch, run: lifeOf(name), host: { ...batch.host, name } }, batch.clock.wallNs - 60n * SECOND);
      }),
    );
    const answer = await get('/v1/hosts', {
      hosts: () => Promise.resolve([host, { ...host, hostId: 'i' }]),
      hostRuns: () => Promise.resolve(runs),
    });
    expect(answer).toMatchObject({
      status: 200,
      body: [
        {
          id: 'h',
          clockAheadSeconds: 60,
          claimants: [{ name: 'a', run: lifeOf('a') }, { name: 'b' }],
          problems: [
            'told by the agent',
            expect.stringContaining('2 hosts send under the id h'),
            expect.stringContaining('60.0 s ahead'),
          ],
        },
        { id: 'i', clockAheadSeconds: null, claimants: [], problems: ['told by the agent'] },
      ],
    });
  });

  it('hands range, host and life to the store', async () => {
    const asked: unknown[] = [];
    const counters: StoreQueries['counters'] = (question) => {
      asked.push(question);
      return Promise.resolve([]);
    };
    await get(`/v1/counts?from=1970-01-01T01:00:01%2B01:00&to=1970-01-01T00:00:02Z&host=h&life=${life}`, { counters });
    expect(asked).toEqual([{ fromNs: 1_000_000_000n, toNs: 2_000_000_000n, hostId: 'h', life }]);
  });

  it('asks for steps of a VM in nanoseconds', async () => {
    const asked: unknown[] = [];
    const counterSteps: StoreQueries['counterSteps'] = (question) => {
      asked.push(question);
      return Promise.resolve([{ atNs: 0n, hypercall: 'H_PUT_TCE', counters: { entered: 3 }, read: true }]);
    };
    const query = 'from=1970-01-01T00:00:00Z&to=1970-01-01T00:10:00Z&step=30s';
    const { body } = await get(`/v1/vms/${life}/steps?${query}`, { counterSteps });
    expect(asked).toEqual([{ life, fromNs: 0n, toNs: 600_000_000_000n, stepNs: 30_000_000_000n }]);
    expect(body).toMatchObject([{ at: '1970-01-01T00:00:00.000Z', read: true, hypercall: 'H_PUT_TCE' }]);
  });

  it('says of each alert what the webhook says', async () => {
    const alert = firingAlert();
    const measured: AlertEvent = { ...alert, impact: { known: 'measured', lostMsPerSecond: 35.04 } };
    const { body } = await get('/v1/alerts', { alerts: () => Promise.resolve([alert, measured]) });
    expect(body).toEqual([toAlertBody(alert), toAlertBody(measured)]);
    expect(body).toMatchObject([{ state: 'firing', vm: { name: 'a' } }, { impact: { lostMsPerSecond: 35.04 } }]);
  });

  it('asks for alerts by host, VM, state, severity, name and time', async () => {
    const asked: unknown[] = [];
    const alerts: StoreQueries['alerts'] = (filter) => {
      asked.push(filter);
      return Promise.resolve([]);
    };
    const names = 'host=h&vm=a&state=firing&severity=critical&alert=TceAccelerationLost';
    await get(`/v1/alerts?${names}&since=1970-01-01T00:00:01Z&until=1970-01-01T00:00:02Z&limit=7`, { alerts });
    await get('/v1/alerts', { alerts });
    expect(asked).toEqual([
      {
        hostId: 'h',
        vm: 'a',
        state: 'firing',
        severity: 'critical',
        alert: 'TceAccelerationLost',
        sinceNs: 1_000_000_000n,
        untilNs: 2_000_000_000n,
        limit: 7,
      },
      { limit: 100 },
    ]);
  });

  it('tells every event of one alert, and says when there is no such alert', async () => {
    const alert = firingAlert();
    const alertEvents: StoreQueries['alertEvents'] = (id) => Promise.resolve(id === alert.alertId ? [alert] : []);
    expect(await get(`/v1/alerts/${alert.alertId}/events`, { alertEvents })).toEqual({
      status: 200,
      body: [toAlertBody(alert)],
    });
    expect(await get(`/v1/alerts/${life}/events`, { alertEvents })).toMatchObject({
      status: 404,
      body: { error: 'not-found' },
    });
  });

  it.each([
    ['/v1/counts?from=yesterday', 'from'],
    ['/v1/counts?life=7', 'life'],
    ['/v1/alerts?limit=0', 'limit'],
    ['/v1/alerts?state=sleeping', 'state'],
    ['/v1/alerts?alert=TceFallback', 'alert'],
    ['/v1/alerts?since=yesterday', 'since'],
    ['/v1/alerts/7/events', 'alertId'],
    ['/v1/vms/7', 'life'],
    [`/v1/vms/${life}/liobns?from=yesterday`, 'from'],
    [`/v1/vms/${life}/latency?to=tomorrow`, 'to'],
    [`/v1/vms/${life}/steps?to=2026-01-01T00:00:00Z`, 'from'],
    [`/v1/vms/${life}/steps?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&step=1ms`, 'step'],
    [`/v1/vms/${life}/steps?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&step=1s`, 'step'],
    [`/v1/vms/${life}/steps?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z`, 'to'],
  ])('refuses %s and names the parameter', async (url, field) => {
    expect(await get(url)).toMatchObject({ status: 400, body: { error: 'invalid', field } });
  });

  it('says when there is no such VM', async () => {
    const other = lifeOf('other');
    for (const url of [
      `/v1/vms/${other}`,
      `/v1/vms/${other}/liobns`,
      `/v1/vms/${other}/latency`,
      `/v1/vms/${other}/steps?from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z`,
    ]) {
      expect(await get(url)).toMatchObject({ status: 404, body: { error: 'not-found' } });
    }
  });

  it.each([
    [true, 503, 'store-unavailable'],
    [false, 500, 'store-failed'],
  ])('says that the store does not answer (transient: %s)', async (transient, status, error) => {
    const hosts = () => Promise.reject(new StoreError('secret words', transient));
    const answer = await get('/v1/hosts', { hosts });
    expect(answer).toMatchObject({ status, body: { error } });
    expect(JSON.stringify(answer)).not.toContain('secret words');
  });

  it('is read with the token only, where there is one', async () => {
    expect(await get('/v1/hosts', {}, 'right')).toMatchObject({ status: 401, body: { error: 'unauthorized' } });
    expect(await get('/v1/hosts', {}, 'right', { authorization: 'Bearer right' })).toMatchObject({ status: 200 });
  });

  it('describes itself', async () => {
    const { body } = await get('/openapi.json');
    const { paths } = body as { paths: Record<string, unknown> };
    expect(Object.keys(paths).sort()).toEqual([
      '/v1/accounts',
      '/v1/alerts',
      '/v1/alerts/stream',
      '/v1/alerts/{alertId}/events',
      '/v1/counts',
      '/v1/fleet',
      '/v1/hosts',
      '/v1/vms',
      '/v1/vms/{life}',
      '/v1/vms/{life}/latency',
      '/v1/vms/{life}/liobns',
      '/v1/vms/{life}/steps',
    ]);
    expect(paths['/v1/alerts']).toMatchObject({
      get: {
        parameters: ['host', 'vm', 'state', 'severity', 'alert', 'since', 'until', 'limit'].map((name) => ({ name })),
      },
    });
  });
});
