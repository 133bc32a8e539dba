import { UNATTRIBUTED_LIFE } from '@tcewatch/protocol';
import type { ModeFigure } from '@tcewatch/protocol';
import { Secret } from '@tcewatch/config';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { toAlertBody } from '../../src/alert-body.js';
import { readApi } from '../../src/api/api.js';
import { StoreError } from '../../src/model.js';
import type { LiobnRow, Queries, VmRow } from '../../src/store/index.js';
import { runOf } from '../../src/hosts/runs.js';
import { BOOTED_NS, HPT, RADIX, SECOND, batchOf, lifeOf } from '../batches.js';
import { firingAlert } from '../events.js';

const life = lifeOf('a');
const vm: VmRow = {
  hostId: 'h',
  life,
  vm: 'a',
  uuid: '',
  tgid: 7,
  startedAtNs: 1_000_000_000n,
  ended: false,
  evidence: RADIX,
  facts: null,
};

/** A store that answers nothing, or what a test says: the answers of a real one are tested with the whole collector. */
function queriesOf(given: Partial<Queries> = {}): Queries {
  const nothing = () => Promise.resolve([]);
  return {
    hosts: nothing,
    hostRuns: nothing,
    vms: ({ life: wanted } = {}) => Promise.resolve(wanted === undefined || wanted === life ? [vm] : []),
    counters: nothing,
    counterSteps: nothing,
    liobns: nothing,
    latency: () => Promise.resolve({ spans: [], seconds: null, lostMsPerSecond: null }),
    alerts: nothing,
    accounts: nothing,
    freshness: nothing,
    guestSpans: nothing,
    ping: () => Promise.resolve(),
    ...given,
  };
}

let app: FastifyInstance | undefined;
afterEach(() => app?.close());

async function get(url: string, given: Partial<Queries> = {}, token?: string, headers: Record<string, string> = {}) {
  app = fastify();
  await app.register(readApi, {
    queries: queriesOf(given),
    token: token === undefined ? undefined : new Secret(token),
    maxClockSkewMs: 10_000,
  });
  const response = await app.inject({ url, headers });
  return { status: response.statusCode, body: response.json<unknown>() };
}

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
    const host = {
      hostId: 'h',
      hostName: 'h.example',
      kernel: '6.1.0',
      cpu: 'POWER9',
      platform: 'pSeries',
      agentVersion: '0.1.0',
      source: 'hist',
      bootId: lifeOf('boot'),
      epoch: lifeOf('epoch'),
      intervalNs: 10_000_000_000n,
      readAtNs: BOOTED_NS + 200n * SECOND,
      problems: ['told by the agent'],
    };
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
    const counters: Queries['counters'] = (question) => {
      asked.push(question);
      return Promise.resolve([]);
    };
    await get(`/v1/counts?from=1970-01-01T01:00:01%2B01:00&to=1970-01-01T00:00:02Z&host=h&life=${life}`, { counters });
    expect(asked).toEqual([{ fromNs: 1_000_000_000n, toNs: 2_000_000_000n, hostId: 'h', life }]);
  });

  it('asks for steps of a VM in nanoseconds', async () => {
    const asked: unknown[] = [];
    const counterSteps: Queries['counterSteps'] = (question) => {
      asked.push(question);
      return Promise.resolve([{ atNs: 0n, hypercall: 'H_PUT_TCE', counters: { entered: 3 }, read: true }]);
    };
    const query = 'from=1970-01-01T00:00:00Z&to=1970-01-01T00:10:00Z&step=30s';
    const { body } = await get(`/v1/vms/${life}/steps?${query}`, { counterSteps });
    expect(asked).toEqual([{ life, fromNs: 0n, toNs: 600_000_000_000n, stepNs: 30_000_000_000n }]);
    expect(body).toMatchObject([{ at: '1970-01-01T00:00:00.000Z', read: true, hypercall: 'H_PUT_TCE' }]);
  });

  describe('of LIOBNs', () => {
    const row = (liobn: bigint, entered: number, punted?: number): LiobnRow => ({
      hostId: 'h',
      life,
      scope: liobn === 0n ? 'all' : 'one',
      liobn,
      hypercall: 'H_STUFF_TCE',
      counters: {
        ...(liobn > 0n && { entered, entered_entries: entered * 4 }),
        ...(punted !== undefined && { punted }),
      },
    });
    const told = async (...rows: LiobnRow[]) => {
      const asked: unknown[] = [];
      const liobns: Queries['liobns'] = (question) => {
        asked.push(question);
        return Promise.resolve(rows);
      };
      const { status, body } = await get(`/v1/vms/${life}/liobns?from=1970-01-01T00:00:01Z`, { liobns });
      expect([status, asked]).toEqual([200, [{ life, hostId: 'h', fromNs: 1_000_000_000n }]]);
      const answers = body as { liobn: string | null; entries: number; modes: ModeFigure[] }[];
      return answers.map(({ liobn, modes, entries }) => [
        liobn,
        entries,
        ...modes
          .slice(1)
          .map(({ mode, calls, entries, evidence, reason }) =>
            `${mode} ${calls} ${entries} ${evidence} ${reason}`.trim(),
          ),
      ]);
    };

    it('shows the modes of each where the source tells the LIOBN of punts, or there are none', async () => {
      expect(await told(row(0x8000_0000n, 9, 4), row(0x7100_0002n, 5))).toEqual([
        ['0x80000000', 36, 'virtual 5 null exact', 'userspace 4 null exact'],
        ['0x71000002', 20, 'virtual 5 20 exact', 'userspace 0 0 exact'],
      ]);
      expect((await told(row(0x8000_0000n, 9), row(0n, 0, 0)))[0]).toEqual([
        '0x80000000',
        36,
        'virtual 9 36 exact',
        'userspace 0 0 exact',
      ]);
    });

    it('shows bounds where it does not, and never a 0 that is not known', async () => {
      const why = 'null upper-bound liobn-of-punts-unknown';
      expect(await told(row(0x8000_0000n, 9, 2), row(0x7100_0002n, 5), row(0n, 0, 6))).toEqual([
        ['0x80000000', 36, `virtual 7 ${why}`, `userspace 8 ${why}`],
        ['0x71000002', 20, `virtual 5 ${why}`, `userspace 5 ${why}`],
        [null, 0, `virtual 0 ${why}`, 'userspace 6 null exact'],
      ]);
    });
  });

  it('hands range, host and life to the store for latencies', async () => {
    const asked: unknown[] = [];
    const bounds = { aboveUs: 256, upToUs: 512 };
    const span = { span: 'round_trip' as const, hypercall: 'H_PUT_TCE' as const, calls: 3, totalUs: 900 };
    const spans = [{ ...span, unmeasured: null, p50: bounds, p99: bounds, buckets: [{ ...bounds, calls: 3 }] }];
    const latency: Queries['latency'] = (question) => {
      asked.push(question);
      return Promise.resolve({ spans, seconds: 10, lostMsPerSecond: 0.09 });
    };
    const answer = await get(`/v1/vms/${life}/latency?to=1970-01-01T00:00:02Z`, { latency });
    expect(asked).toEqual([{ life, hostId: 'h', toNs: 2_000_000_000n }]);
    const body = { host: 'h', life, vm: 'a', uuid: '', spans, seconds: 10, lostMsPerSecond: 0.09 };
    expect(answer).toEqual({ status: 200, body });
  });

  it('says of each alert what the webhook says', async () => {
    const alert = firingAlert();
    const measured = { ...alert, evidence: { ...alert.evidence, lostMsPerSecond: 35.04 } };
    const { body } = await get('/v1/alerts', { alerts: () => Promise.resolve([alert, measured]) });
    expect(body).toEqual([toAlertBody(alert), toAlertBody(measured)]);
    expect(body).toMatchObject([{ state: 'firing', vm: { name: 'a' } }, { evidence: { lostMsPerSecond: 35.04 } }]);
  });

  it.each([
    ['/v1/counts?from=yesterday', 'from'],
    ['/v1/counts?life=7', 'life'],
    ['/v1/alerts?limit=0', 'limit'],
    ['/v1/alerts?state=sleeping', 'state'],
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
      '/v1/counts',
      '/v1/hosts',
      '/v1/vms',
      '/v1/vms/{life}',
      '/v1/vms/{life}/latency',
      '/v1/vms/{life}/liobns',
      '/v1/vms/{life}/steps',
    ]);
    expect(paths['/v1/alerts']).toMatchObject({
      get: { parameters: [{ name: 'vm' }, { name: 'state' }, { name: 'limit' }] },
    });
  });
});
