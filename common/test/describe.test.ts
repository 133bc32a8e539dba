import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { addConfigOptions, describeConfig, duration, givenSettings, secret } from '../src/index.js';

const schema = z.strictObject({
  keepFor: duration().prefault('10s').describe('How long.'),
  intake: z.strictObject({ token: secret().optional().describe('Of the senders.') }).prefault({}),
  level: z.enum(['low', 'high']).default('low').describe('How much.'),
  targets: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('log').describe('Kind.') }),
        z.strictObject({ type: z.literal('hook').describe('Kind.'), wait: duration().describe('How long.') }),
      ]),
    )
    .default([])
    .describe('Who is told.'),
});
const rows = describeConfig(schema, 'TCEWATCH');

describe('describeConfig', () => {
  it('has a row for each setting with its names', () => {
    expect(rows.map(({ path, env, flag, type }) => [path, env, flag, type])).toEqual([
      ['keepFor', 'TCEWATCH_KEEP_FOR', '--keep-for', 'duration'],
      ['intake.token', 'TCEWATCH_INTAKE_TOKEN', undefined, 'secret'],
      ['intake.token.file', 'TCEWATCH_INTAKE_TOKEN_FILE', '--intake-token-file', 'path'],
      ['level', 'TCEWATCH_LEVEL', '--level', 'one of low, high'],
      ['targets', 'TCEWATCH_TARGETS', '--targets', 'list'],
      ['targets[].type', undefined, undefined, 'log, hook'],
      ['targets[].wait', undefined, undefined, 'duration'],
    ]);
    expect(rows[0]).toMatchObject({ fallback: '10s', description: 'How long.' });
  });

  it('becomes options of a command, and what was given of them comes back by path', () => {
    const command = addConfigOptions(new Command(), rows, 'TCEWATCH');
    command.parse(['--config', 'f.yaml', '--keep-for', '5s', '--intake-token-file', '/t'], { from: 'user' });
    expect(givenSettings(command, rows)).toEqual({
      file: 'f.yaml',
      flags: { keepFor: '5s', 'intake.token.file': '/t' },
    });
    expect(command.helpInformation()).toContain('--keep-for <duration>');
    expect(command.helpInformation()).toMatch(/--level <name> +How much. \(one of low, high; default: "low"\)/);
  });
});
