import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@tcewatch/common';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAgentConfig, configSchema } from '../../src/config/schema.js';
import { SOURCE_NAMES } from '../../src/sources/registry.js';

const directory = mkdtempSync(join(tmpdir(), 'tcewatch-agent-config-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function problems(yaml: string, env: Record<string, string> = {}): string[] {
  try {
    loadAgentConfig(env, { file: file('bad.yaml', yaml) });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('loadAgentConfig', () => {
  it('needs nothing to be said', () => {
    expect(loadAgentConfig({})).toMatchObject({
      root: '/',
      source: 'hist',
      interval: 10_000,
      hist: { size: 4096, detail: false },
      caps: { liobnsPerVm: 64, vms: 1024, threads: 65_536 },
      outbox: { enabled: true, directory: '/var/lib/tcewatch/outbox', bytes: 64 * 1024 * 1024, catchUp: 10 },
      listen: { enabled: true, address: '127.0.0.1', port: 9914 },
      log: { level: 'info' },
    });
  });

  it('takes the file that the environment names, the environment over it, and flags over both', () => {
    const named = file('agent.yaml', 'interval: 5s\ncaps: { vms: 5 }\nlisten: { port: 1 }');
    const env = { TCEWATCH_AGENT_CONFIG: named, TCEWATCH_AGENT_CAPS_VMS: '6', TCEWATCH_AGENT_LISTEN_PORT: '2' };
    expect(loadAgentConfig(env, { flags: { 'listen.port': '0' } })).toMatchObject({
      interval: 5000,
      caps: { vms: 6 },
      listen: { port: 0 },
    });
    const other = file('other.yaml', 'interval: 7s');
    expect(loadAgentConfig(env, { file: other }).interval).toBe(7000);
  });

  it("leaves the collector's settings to the collector, so that one environment can serve both", () => {
    const env = { TCEWATCH_COLLECTOR_LISTEN_PORT: '1', TCEWATCH_COLLECTOR_NOTIFIERS: '[]' };
    expect(loadAgentConfig(env).listen.port).toBe(9914);
  });

  it('knows the sources that there are', () => {
    const { options } = configSchema.shape.source.unwrap();
    expect(options).toEqual(SOURCE_NAMES);
  });

  it.each([
    ['intervall: 1s', 'intervall: is no setting; did you mean interval?'],
    ['listen: { prot: 1 }', 'listen.prot: is no setting; did you mean port?'],
    ['interval: 10', 'interval: expected a duration such as 500ms, 10s, 5m, 1h or 90d'],
    ['interval: 1ms', 'interval: give a time from 100ms to 1h'],
    ['hist: { size: 5000 }', 'hist.size: give a power of two from 128 to 131072'],
    ['collector: { tls: { cert: x } }', 'collector.tls: give both `cert` and `key`, or neither'],
    ['listen: { tls: { key: x } }', 'listen.tls: give both `cert` and `key`, or neither'],
    ['transport: http', 'collector.url: is needed by `transport: http`: give the URL of the collector'],
    ['transport: kafka', 'kafka.brokers: is needed by `transport: kafka`: give host:port of some brokers'],
    ['kafka: { topic: "a b" }', 'kafka.topic: expected up to 249 letters, digits, dots, _ and -'],
    ['source: replay', 'replay.directory: is needed by `source: replay`: give the directory of the recording'],
    [
      'collector: { url: "https://user:secret@host" }',
      'collector.url: holds credentials: give them in the settings made for them',
    ],
  ])('refuses %j', (yaml, problem) => {
    expect(problems(yaml)).toEqual([problem]);
  });

  it('says all that is wrong at once', () => {
    expect(problems('caps: { vms: 0 }', { TCEWATCH_AGENT_LOG_LEVEL: 'loud' })).toHaveLength(2);
  });

  it('never shows a secret when it is printed', () => {
    const token = file('token', 'hush\n');
    const config = loadAgentConfig({
      TCEWATCH_AGENT_COLLECTOR_TOKEN_FILE: token,
      TCEWATCH_AGENT_LISTEN_TOKEN: 'hush too',
    });
    expect(config.collector.token?.reveal()).toBe('hush');
    expect(JSON.stringify(config)).not.toContain('hush');
  });
});
