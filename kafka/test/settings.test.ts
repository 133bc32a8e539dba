import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { kafkaSettings, topicName } from '../src/index.js';

const directory = mkdtempSync(join(tmpdir(), 'tcewatch-kafka-settings-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function problems(given: unknown): string[] {
  const { error } = kafkaSettings.safeParse(given);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('kafkaSettings', () => {
  it('needs nothing to be said', () => {
    expect(kafkaSettings.parse({})).toEqual({
      brokers: [],
      clientId: 'tcewatch',
      tls: { enabled: false },
      sasl: {},
      connectTimeout: 10_000,
      requestTimeout: 30_000,
    });
  });

  it.each([['a:9092,b.example:9093'], ['a:9092, b.example:9093'], [['a:9092', 'b.example:9093']]])(
    'takes the brokers %j',
    (brokers) => {
      expect(kafkaSettings.parse({ brokers }).brokers).toEqual(['a:9092', 'b.example:9093']);
    },
  );

  it.each([
    [{ brokers: 'a' }, 'brokers: expected host:port, not "a"'],
    [{ brokers: ['a:9092', 'http://b:1'] }, 'brokers: expected host:port, not "http://b:1"'],
    [{ brokers: 7 }, 'brokers: expected host:port, or a list of them'],
    [{ tls: { enabled: true, cert: 'x' } }, 'tls: give both `cert` and `key`, or neither'],
    [{ tls: { ca: '\n' } }, 'tls: has certificates and is not enabled: set `enabled: true`'],
    [{ sasl: { username: 'agent' } }, 'sasl.mechanism: is needed to log in: say which'],
    [{ sasl: { mechanism: 'oauthbearer' } }, 'sasl.tokenFile: is needed by `mechanism: oauthbearer`'],
  ])('refuses %j', (given, problem) => {
    expect(problems(given)).toEqual([problem]);
  });

  it('says all that a mechanism with a password lacks', () => {
    expect(problems({ sasl: { mechanism: 'plain' } })).toEqual([
      'sasl.username: is needed by `mechanism: plain`',
      'sasl.password: is needed by `mechanism: plain`',
    ]);
  });

  it('never shows a secret when it is printed', () => {
    const file = join(directory, 'password');
    writeFileSync(file, 'hush\n');
    const sasl = { mechanism: 'plain', username: 'agent', password: { file } };
    const settings = kafkaSettings.parse({ sasl, tls: { enabled: true } });
    expect(settings.sasl.password?.reveal()).toBe('hush');
    expect(`${JSON.stringify(settings)}${inspect(settings, { depth: 9 })}`).not.toContain('hush');
  });
});

describe('topicName', () => {
  it('takes what Kafka takes', () => {
    expect(topicName('a').parse(undefined)).toBe('a');
    expect(topicName('a').safeParse('tcewatch.batches-2_b').success).toBe(true);
    expect(topicName('a').safeParse('with space').success).toBe(false);
    expect(topicName('a').safeParse('').success).toBe(false);
  });
});
