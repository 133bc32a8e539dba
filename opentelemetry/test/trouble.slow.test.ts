/** Both programs while nobody takes what they tell: all that they are for goes on, and they end when they are to. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receiveWebhook, replay } from './replay.js';

/** Each time-out of the SDK's is longer than a test may take. */
const NEVER_MS = '3600000';

describe('programs that cannot tell what they have to tell', () => {
  let base: string;
  let silent: Server;
  let requests = 0;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'tcewatch-'));
    // Takes requests and never answers.
    silent = createServer(() => requests++);
    await once(silent.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    silent.closeAllConnections();
    await new Promise((done) => silent.close(done));
    await rm(base, { recursive: true, force: true });
  });

  const warnings = (log: string) =>
    log.split('\n').filter((line) => line.includes('OpenTelemetry: ') && line.includes('"level":"warn"'));

  it.each([
    ['is not there', () => 1, {}],
    [
      'never answers',
      () => (silent.address() as AddressInfo).port,
      { OTEL_EXPORTER_OTLP_TIMEOUT: NEVER_MS, OTEL_BSP_EXPORT_TIMEOUT: NEVER_MS, OTEL_METRIC_EXPORT_TIMEOUT: NEVER_MS },
    ],
  ])(
    'bring every count to the store, tell of alerts, say so and end, when the endpoint %s',
    async (name, port, more) => {
      const webhook = await receiveWebhook();
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port()}`, ...more };
      const { agent, collector, counts } = await replay(join(base, name), { env, webhook: webhook.url });
      await webhook.close();
      expect(counts).toContainEqual(
        expect.objectContaining({
          vm: 'hot',
          hypercalls: expect.arrayContaining([
            expect.objectContaining({
              hypercall: 'H_STUFF_TCE',
              modes: expect.arrayContaining([expect.objectContaining({ mode: 'userspace', calls: 15_436 })]) as unknown,
            }),
          ]) as unknown,
        }),
      );
      expect(webhook.traceparents).toHaveLength(3);
      for (const { log } of [agent, collector]) {
        expect(warnings(log).length).toBeGreaterThan(0);
        // One of each kind of trouble, not one of each export.
        expect(new Set(warnings(log).map((line) => (JSON.parse(line) as { msg: string }).msg)).size).toBe(
          warnings(log).length,
        );
      }
    },
  );

  it('did ask the one that never answers', () => {
    expect(requests).toBeGreaterThan(0);
  });
});
