import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noTelemetry } from '@tcewatch/opentelemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/config/schema.js';
import { createOutbox } from '../../src/outbox/create.js';
import { realPace } from '../../src/clock.js';
import { collectLog } from '../log/collect.js';
import { batch } from './surroundings.js';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'tcewatch-'));
});
afterEach(() => rm(base, { recursive: true }));

/** Lists the directory after one batch that cannot be delivered. */
async function filesAfterOne(flags: Record<string, string>): Promise<string[]> {
  const given = { 'outbox.directory': join(base, 'outbox'), ...flags };
  const outbox = createOutbox(loadAgentConfig({}, { flags: given }), {
    pace: realPace,
    log: collectLog().log,
    telemetry: noTelemetry,
  });
  await outbox.open();
  expect(await outbox.send(batch(1))).toBeUndefined();
  const files = await readdir(join(base, 'outbox')).catch(() => []);
  await outbox.close();
  return files.sort();
}

describe('createOutbox', () => {
  // A port that nobody listens on.
  const collector = { 'collector.url': 'http://127.0.0.1:9' };

  it('keeps the batches of a live host on disk', async () => {
    expect(await filesAfterOne(collector)).toEqual(['0000000001.segment', 'lock']);
  });

  it.each([
    ['where that is off', { ...collector, 'outbox.enabled': 'false' }],
    ['of a recording', { ...collector, source: 'replay', 'replay.directory': '/x' }],
    ['that are delivered nowhere', {}],
  ])('writes nothing of batches %s', async (_, flags) => {
    expect(await filesAfterOne(flags)).toEqual([]);
  });
});
