/** Puts an agent together from its configuration: source, outbox, loop, metrics and health. Starts nothing. */
import { randomUUID } from 'node:crypto';
import { servedTls } from '@tcewatch/common';
import { noTelemetry } from '@tcewatch/opentelemetry';
import type { Telemetry } from '@tcewatch/opentelemetry';
import type { Batch } from '@tcewatch/protocol';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { AgentConfig } from './config/schema.js';
import { createServer } from './http/server.js';
import { createMetrics } from './metrics/registry.js';
import type { Source } from './model.js';
import type { Outbox } from './outbox/outbox.js';
import { createOutbox } from './outbox/create.js';
import type { SourceContext } from './sources/entry.js';
import type { Pace } from './clock.js';
import { SOURCES, createSource } from './sources/registry.js';
import { alive, ready } from './http/health.js';
import { ReadingLoop } from './run/loop.js';
import { FileState, forgetfulState, noState } from './run/state-file.js';
import type { StateStore } from './run/state-file.js';

export interface AgentParts {
  config: AgentConfig;
  version: string;
  pace: Pace;
  log: Logger;
  /** A source in place of the configured one, whose name stays in the metrics. */
  source?: Source | undefined;
  /** Traces and logs; none by default. */
  telemetry?: Telemetry;
  onBatch?: (batch: Batch) => void;
  onProgress?: NonNullable<SourceContext['onProgress']>;
}

export interface Agent {
  loop: ReadingLoop;
  outbox: Outbox;
  /** The server of metrics and health, which does not listen yet. */
  server: FastifyInstance;
}

export function createAgent(parts: AgentParts): Agent {
  const { config, version, pace, log, telemetry = noTelemetry, source: given, onBatch, onProgress } = parts;
  const { caps, interval: intervalMs } = config;
  const { source: sourceName } = config;
  const { isLive } = SOURCES[sourceName];
  const source =
    given ??
    createSource(sourceName, {
      ...config,
      agentVersion: version,
      pace,
      onProgress,
      now: () => BigInt(Date.now()) * 1_000_000n,
    });
  const outbox = createOutbox(config, { pace, log, telemetry });
  const run = randomUUID();
  const loop = new ReadingLoop({
    source,
    outbox,
    state: stateOf(isLive, config.state),
    caps,
    intervalMs,
    pacedBy: isLive ? 'interval' : 'source',
    run,
    pace,
    log,
    telemetry,
    ...(onBatch && { onBatch }),
  });
  const { status } = loop;
  const now = () => pace.now();
  const observed = () => ({ status, stats: outbox.stats, intervalMs, nowMs: pace.now() });
  const { token, tls } = config.listen;
  const metrics = createMetrics({
    status,
    stats: () => outbox.stats,
    now,
    outboxLimit: config.outbox.bytes,
    version,
    source: sourceName,
    run,
  });
  telemetry.exportMetrics(metrics);
  const server = createServer({
    metrics,
    alive: () => alive(observed()),
    ready: () => ready(observed()),
    token: token?.reveal(),
    tls: servedTls(tls),
  });
  return { loop, outbox, server };
}

function stateOf(isLive: boolean, { enabled, directory }: AgentConfig['state']): StateStore {
  if (!isLive) return noState;
  return enabled ? new FileState(directory) : forgetfulState;
}
