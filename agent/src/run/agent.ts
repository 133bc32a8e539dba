/** Puts an agent together from its configuration: source, transport, loop, metrics and health. Starts nothing. */
import { randomUUID } from 'node:crypto';
import type { Batch } from '@tcewatch/protocol';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { AgentConfig } from '../config/schema.js';
import { createServer } from '../http/server.js';
import { createMetrics } from '../metrics/registry.js';
import type { ReplayOptions } from '../sources/options.js';
import type { Pace } from '../sources/pace.js';
import { createSource } from '../sources/registry.js';
import { createTransport } from '../transport/registry.js';
import type { Transport } from '../transport/transport.js';
import { alive, ready } from './health.js';
import { ReadingLoop } from './loop.js';

export interface AgentParts {
  config: AgentConfig;
  version: string;
  pace: Pace;
  log: Logger;
  onBatch?: (batch: Batch) => void;
  onProgress?: NonNullable<ReplayOptions['onProgress']>;
}

export interface Agent {
  loop: ReadingLoop;
  transport: Transport;
  /** Not listening yet. */
  server: FastifyInstance;
}

/** Throws SourceError when the configured source does not exist. */
export function createAgent({ config, version, pace, log, onBatch, onProgress }: AgentParts): Agent {
  const { root, host, caps, hist, replay, interval: intervalMs } = config;
  const sourceName = config.source === 'auto' ? 'hist' : config.source;
  const source = createSource(sourceName, {
    root,
    host,
    agentVersion: version,
    hist,
    ...(replay.directory !== undefined && {
      replay: { directory: replay.directory, speed: replay.speed, pace, ...(onProgress && { onProgress }) },
    }),
    now: () => BigInt(Date.now()) * 1_000_000n,
  });
  const transport = createTransport(config, { pace, log });
  const run = randomUUID();
  const loop = new ReadingLoop({
    source,
    transport,
    caps,
    intervalMs,
    pacedBy: sourceName === 'replay' ? 'source' : 'interval',
    run,
    pace,
    log,
    ...(onBatch && { onBatch }),
  });
  const { status } = loop;
  const now = () => pace.now();
  const observed = () => ({ status, stats: transport.stats, intervalMs, nowMs: pace.now() });
  const { token, tls } = config.listen;
  const server = createServer({
    metrics: createMetrics({ status, stats: () => transport.stats, now, version, source: sourceName, run }),
    alive: () => alive(observed()),
    ready: () => ready(observed()),
    token: token?.reveal(),
    tls: tls.cert && tls.key && { cert: tls.cert.reveal(), key: tls.key.reveal() },
  });
  return { loop, transport, server };
}
