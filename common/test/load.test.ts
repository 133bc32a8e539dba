import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, byteSize, duration, loadConfig, plainUrl, secret } from '../src/index.js';

const directory = mkdtempSync(join(tmpdir(), 'tcewatch-config-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function fileWith(text: string): string {
  const path = join(directory, `${Math.random()}.yaml`);
  writeFileSync(path, text);
  return path;
}

const schema = z.strictObject({
  interval: duration().prefault('10s').describe('Time between readings.'),
  limit: byteSize().prefault('8MiB').describe('Largest message.'),
  listen: z
    .strictObject({
      port: z.int().min(0).max(65535).default(8080).describe('TCP port.'),
      open: z.boolean().default(false).describe('For all.'),
    })
    .prefault({}),
  token: secret().optional().describe('Of the senders.'),
  url: plainUrl().optional().describe('Of the server.'),
  targets: z
    .array(z.discriminatedUnion('type', [z.strictObject({ type: z.literal('hook'), url: plainUrl(), key: secret() })]))
    .default([])
    .describe('Who is told.'),
});

function load(input: { yaml?: string; env?: Record<string, string>; flags?: Record<string, string> }) {
  const file = input.yaml === undefined ? undefined : fileWith(input.yaml);
  return loadConfig({ schema, file, env: input.env ?? {}, flags: input.flags ?? {}, prefix: 'TCEWATCH' });
}

function problemsOf(input: Parameters<typeof load>[0]): string[] {
  try {
    load(input);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('loadConfig', () => {
  it('gives the defaults when nothing is said', () => {
    expect(load({})).toEqual({
      interval: 10_000,
      limit: 8 * 1024 * 1024,
      listen: { port: 8080, open: false },
      targets: [],
    });
  });

  it('lets the environment win over the file and flags over both', () => {
    const yaml = 'interval: 1m\nlisten: { port: 1, open: true }\nlimit: 1KiB';
    const env = { TCEWATCH_LISTEN_PORT: '2', TCEWATCH_INTERVAL: '2m', OTHER: 'x' };
    expect(load({ yaml, env, flags: { 'listen.port': '0' } })).toMatchObject({
      interval: 120_000,
      limit: 1024,
      listen: { port: 0, open: true },
    });
  });

  it('takes lists and truth values from the environment as YAML', () => {
    const env = { TCEWATCH_TARGETS: '[{type: hook, url: "http://a/", key: k}]', TCEWATCH_LISTEN_OPEN: 'true' };
    expect(load({ env })).toMatchObject({ listen: { open: true }, targets: [{ type: 'hook', url: 'http://a' }] });
  });

  it('reads a secret from the file that any layer names, and never prints it', () => {
    const path = join(directory, 'token');
    writeFileSync(path, 'hush\n');
    for (const config of [load({ yaml: `token: { file: ${path} }` }), load({ env: { TCEWATCH_TOKEN_FILE: path } })]) {
      expect(config.token?.reveal()).toBe('hush');
      expect(`${JSON.stringify(config)}${inspect(config)}${String(config.token)}`).not.toContain('hush');
    }
    expect(problemsOf({ flags: { 'token.file': join(directory, 'none') } })).toEqual([
      expect.stringContaining('token: cannot be read'),
    ]);
  });

  it('keeps a token of digits as it was written', () => {
    expect(load({ env: { TCEWATCH_TOKEN: '0123' } }).token?.reveal()).toBe('0123');
  });

  it('refuses unknown settings by name and suggests the nearest', () => {
    const yaml = 'lisen: {}\nlisten: { prot: 1 }\ntargets: [{ type: hook, ulr: http://a, url: http://a, key: k }]';
    expect(problemsOf({ yaml, env: { TCEWATCH_INTERVALL: '1s' } }).sort()).toEqual([
      'TCEWATCH_INTERVALL: is no setting; did you mean TCEWATCH_INTERVAL?',
      'lisen: is no setting; did you mean listen?',
      'listen.prot: is no setting; did you mean port?',
      'targets[0].ulr: is no setting; did you mean url?',
    ]);
  });

  it('passes over the variables that Kubernetes makes of services', () => {
    const env = { TCEWATCH_PORT: 'tcp://10.0.0.1:80', TCEWATCH_SERVICE_HOST: '10.0.0.1', TCEWATCH_PORT_80_TCP: 'x' };
    expect(load({ env }).listen.port).toBe(8080);
  });

  it('says of each wrong value where it was given', () => {
    const env = { TCEWATCH_LISTEN_PORT: '70000', TCEWATCH_INTERVAL: '10 parsecs', TCEWATCH_LIMIT: '12' };
    expect(() => load({ env })).toThrow(ConfigError);
    try {
      load({ env });
    } catch (error) {
      expect((error as Error).message.split('\n').map((line) => line.replace(/^.*\(/, '('))).toEqual([
        '(environment variable TCEWATCH_INTERVAL)',
        '(environment variable TCEWATCH_LIMIT)',
        '(environment variable TCEWATCH_LISTEN_PORT)',
      ]);
    }
  });

  it('refuses credentials in URLs without repeating them', () => {
    const [problem] = problemsOf({ yaml: 'url: https://me:hush@host' });
    expect(problem).toMatch(/^url: holds credentials/);
    expect(problem).not.toContain('hush');
  });

  it.each([
    ['a: [', 'is no YAML'],
    ['listen: {}\nlisten: {}', 'is no YAML'],
    ['- 1', 'must hold settings'],
  ])('refuses the file %j', (yaml, message) => {
    expect(problemsOf({ yaml })).toEqual([expect.stringContaining(message)]);
  });

  it('refuses a file that is not there', () => {
    const file = join(directory, 'none.yaml');
    expect(() => loadConfig({ schema, file, prefix: 'TCEWATCH' })).toThrow(/cannot be read/);
  });
});
