import { ConfigError } from '@tcewatch/common';
import { describe, expect, it } from 'vitest';
import { CONFIG_ROWS, loadCollectorConfig } from '../../src/config/index.js';

function problemsOf(env: Record<string, string>): string[] {
  try {
    loadCollectorConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe("the collector's configuration", () => {
  it('needs nothing: it stores in the embedded engine and listens on loopback', () => {
    expect(loadCollectorConfig({})).toMatchObject({
      clickhouse: { embedded: { directory: '/var/lib/tcewatch/clickhouse' }, database: 'tcewatch' },
      listen: { address: '127.0.0.1', port: 9915 },
      detector: { minShare: 0.1, minRate: 1, for: 10_000, keepFiringFor: 60_000 },
      notifiers: [{ type: 'log' }],
    });
  });

  it('describes every setting', () => {
    expect(CONFIG_ROWS.filter(({ description }) => description === '')).toEqual([]);
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('needs no token on %s', (address) => {
    expect(problemsOf({ TCEWATCH_COLLECTOR_LISTEN_ADDRESS: address })).toEqual([]);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'collector.example'])('needs a token on %s', (address) => {
    expect(problemsOf({ TCEWATCH_COLLECTOR_LISTEN_ADDRESS: address })).toEqual([
      expect.stringMatching(/^intake\.token: is needed to listen on .*: give one \(intake\.token\.file\)/),
    ]);
    expect(problemsOf({ TCEWATCH_COLLECTOR_LISTEN_ADDRESS: address, TCEWATCH_COLLECTOR_INTAKE_TOKEN: 'x' })).toEqual(
      [],
    );
  });

  it('takes a cluster only of a server, and a path in Keeper only where no two tables meet', () => {
    expect(problemsOf({ TCEWATCH_COLLECTOR_CLICKHOUSE_CLUSTER: 'fleet' })).toEqual([
      expect.stringContaining('clickhouse.cluster: needs clickhouse.url'),
    ]);
    const env = {
      TCEWATCH_COLLECTOR_CLICKHOUSE_CLUSTER: 'fleet',
      TCEWATCH_COLLECTOR_CLICKHOUSE_URL: 'http://clickhouse.example:8123',
    };
    expect(problemsOf(env)).toEqual([]);
    for (const path of ['/t/{shard}/{table}', '/t/{database}/{table}', 't/{shard}/{database}/{table}']) {
      expect(problemsOf({ ...env, TCEWATCH_COLLECTOR_CLICKHOUSE_REPLICA_PATH: path })).toEqual([
        expect.stringMatching(/^clickhouse\.replicaPath: (must hold|expected a path)/),
      ]);
    }
    expect(problemsOf({ ...env, TCEWATCH_COLLECTOR_CLICKHOUSE_CLUSTER: 'a`b' })).toHaveLength(1);
  });

  it('takes how long each table keeps its rows', () => {
    const { retention } = loadCollectorConfig({
      TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_READINGS: '7',
      TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_TABLES_LATENCIES_MINUTE: '60',
    }).clickhouse;
    expect(retention).toMatchObject({ readings: 7, tables: { latenciesMinute: 60 } });
    expect(problemsOf({ TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_TABLES_ACCOUNTS: '-1' })).toEqual([
      expect.stringContaining('clickhouse.retention.tables.accounts: '),
    ]);
  });

  it('refuses a budget that the largest batch does not fit in', () => {
    expect(problemsOf({ TCEWATCH_COLLECTOR_INTAKE_MAX_IN_FLIGHT: '10MiB' })).toEqual([
      expect.stringContaining('intake.maxInFlight: must be at least twice'),
    ]);
  });

  it("leaves an agent's settings to the agent, so that one environment can serve both", () => {
    expect(loadCollectorConfig({ TCEWATCH_AGENT_LISTEN_PORT: '1', TCEWATCH_AGENT_SOURCE: 'hist' }).listen.port).toBe(
      9915,
    );
  });

  it('takes notifiers from the environment', () => {
    const env = { TCEWATCH_COLLECTOR_NOTIFIERS: '[{type: webhook, url: "https://hook.example/x/"}]' };
    expect(loadCollectorConfig(env).notifiers).toEqual([
      { type: 'webhook', name: 'webhook', url: 'https://hook.example/x/', tls: {}, timeout: 10_000 },
    ]);
  });

  const AM = 'type: alertmanager, urls: ["http://a:9093/x/", "http://b:9093"]';

  it('takes several instances of Alertmanager, without their last slashes', () => {
    expect(loadCollectorConfig({ TCEWATCH_COLLECTOR_NOTIFIERS: `[{${AM}}]` }).notifiers).toEqual([
      {
        type: 'alertmanager',
        name: 'alertmanager',
        urls: ['http://a:9093/x', 'http://b:9093'],
        labels: {},
        repeatEvery: 60_000,
        tls: {},
        timeout: 10_000,
      },
    ]);
  });

  it.each([
    [`{${AM}, labels: {severity: page}}`, /severity.*own labels/],
    [`{${AM}, labels: {__x: y}}`, /labels\.__x: is no name/],
    [`{${AM}, labels: {a-b: y}}`, /labels\.a-b: is no name/],
    [`{${AM}, repeatEvery: 10ms}`, /repeatEvery: must be at least 1s/],
    [`{${AM}, basic: {user: u, password: p}, token: t}`, /a user and a token/],
    [`{${AM}, tls: {cert: x}}`, /tls: give both/],
    ['{type: alertmanager, urls: []}', /urls/],
    ['{type: webhook, url: "http://a"}, {type: webhook, url: "http://b"}', /two are called webhook/],
    [`{${AM}}, {type: alertmanager, urls: ["http://b:9093/y"]}`, /two are called alertmanager@b:9093/],
  ])('refuses the notifiers %s', (list, problem) => {
    expect(problemsOf({ TCEWATCH_COLLECTOR_NOTIFIERS: `[${list}]` })).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    ['https://grafana.example/d/x?var-vm={vn}', /\{vn\} stands for nothing; there are alert, /],
    ['grafana.example', /expected a URL/],
  ])('refuses %s as the template of a dashboard', (template, problem) => {
    expect(problemsOf({ TCEWATCH_COLLECTOR_LINKS_DASHBOARD: template })).toEqual([expect.stringMatching(problem)]);
  });
});
