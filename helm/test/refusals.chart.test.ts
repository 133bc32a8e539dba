import { describe, expect, it } from 'vitest';
import { LEAST, hasGo, over, template } from './chart.js';
import type { Tree } from './chart.js';

/** Values beside the fewest that are needed, and Helm's error. */
const MISTYPED: readonly [what: string, values: Tree, said: RegExp][] = [
  ['a value that is not there', { agnet: {} }, /additional properties 'agnet' not allowed/],
  ['one within a part', { collector: { replica: 2 } }, /\/collector.*additional properties 'replica' not allowed/s],
  ['a setting of the agent', { agent: { config: { intervall: '5s' } } }, /'\/agent\/config'.*'intervall' not allowed/s],
  ['a setting of a pool', { agent: { pools: { p8: { config: { hist: { sise: 1 } } } } } }, /'sise' not allowed/],
  ['a setting of the collector', { collector: { config: { kafka: { broker: [] } } } }, /'broker' not allowed/],
  ['a number for a duration', { agent: { config: { interval: 10 } } }, /\/agent\/config\/interval.*want string/s],
  ['a duration without a unit', { agent: { config: { interval: '10' } } }, /\/agent\/config\/interval.*pattern/s],
  ['a size without a unit', { agent: { config: { outbox: { bytes: '64' } } } }, /outbox\/bytes.*pattern/s],
  ['a port out of range', { collector: { config: { listen: { port: 70_000 } } } }, /listen\/port.*65,?535/s],
  ['a source that is none', { agent: { config: { source: 'hits' } } }, /agent\/config\/source.*one of/s],
  ['text for a number', { collector: { replicas: 'two' } }, /\/collector\/replicas.*want integer/s],
  ['text for yes or no', { prometheus: { monitors: 'yes' } }, /\/prometheus\/monitors.*want boolean/s],
  ['a short digest', { agent: { image: { digest: 'sha256:12' } } }, /agent\/image\/digest.*pattern/s],
  ['a secret as text', { collector: { config: { read: { token: 'hush' } } } }, /read\/token.*want object/s],
  ['a URL with credentials', { agent: { config: { collector: { url: 'http://a:b@c' } } } }, /collector\/url.*pattern/s],
];

const CONTRADICTORY: readonly [what: string, values: Tree, said: string][] = [
  [
    'no ClickHouse',
    { collector: { config: { clickhouse: { url: undefined } } } },
    'collector.config.clickhouse.url is needed',
  ],
  ['no token', { intakeToken: { existingSecret: '' } }, 'give intakeToken.existingSecret'],
  ['two tokens', { intakeToken: { create: true } }, 'intakeToken.create contradicts intakeToken.existingSecret'],
  [
    'an embedded ClickHouse and a server',
    { collector: { embedded: { enabled: true } } },
    'collector.embedded.enabled contradicts collector.config.clickhouse.url',
  ],
  [
    'an embedded ClickHouse of two',
    { collector: { embedded: { enabled: true }, config: { clickhouse: { url: undefined } } } },
    'collector.embedded.enabled needs collector.replicas: 1',
  ],
  [
    'fewer at most than at least',
    { collector: { autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 2 } } },
    'collector.autoscaling.maxReplicas',
  ],
  [
    'agents that deliver nowhere',
    { collector: { enabled: false } },
    'agent.config.collector.url or .kafka.brokers is needed',
  ],
  [
    'a stop that takes longer than it may',
    { agent: { pools: { slow: { config: { stopTimeout: '1m' } } } } },
    'must be more than agent.pools.slow.config.stopTimeout',
  ],
  [
    'a secret that is not mounted',
    { collector: { config: { read: { token: { file: '/etc/tcewatch/secrets/reader/token' } } } } },
    'give collector.secrets.reader the name of a Secret',
  ],
  [
    "a pool's secret that is not mounted",
    { agent: { pools: { p8: { config: { listen: { token: { file: '/etc/tcewatch/secrets/scrape/token' } } } } } } },
    'give agent.secrets.scrape the name of a Secret',
  ],
  [
    'ClickHouse without a password',
    { clickhouseInstallation: { enabled: true }, collector: { config: { clickhouse: { url: undefined } } } },
    'clickhouseInstallation.existingSecret is needed',
  ],
  [
    'replicas without Keeper',
    { clickhouseInstallation: { enabled: true, existingSecret: 'x', replicas: 2 } },
    'clickhouseInstallation.keeper is needed',
  ],
];

describe.skipIf(!hasGo)('the chart refuses', () => {
  it.each(MISTYPED)('%s', (_, values, said) => {
    const { status, stderr } = template(over(LEAST, values));
    expect([status, stderr]).toEqual([1, expect.stringMatching(said)]);
  });

  it.each(CONTRADICTORY)('%s', (_, values, said) => {
    const { status, stderr } = template(over(LEAST, values));
    expect([status, stderr]).toEqual([1, expect.stringContaining(said)]);
  });
});
