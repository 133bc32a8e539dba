/** Creates the outbox that the configuration asks for. */
import type { Telemetry } from '@tcewatch/opentelemetry';
import type { Logger } from 'pino';
import type { AgentConfig } from '../config/schema.js';
import type { Pace } from '../clock.js';
import { createTransport } from '../transport/registry.js';
import { TracedTransport } from '../transport/traced.js';
import { SOURCES } from '../sources/registry.js';
import { noOutbox } from './outbox.js';
import type { Outbox } from './outbox.js';
import { DurableOutbox } from './durable.js';

/** Everything that an outbox would otherwise take from its surroundings. */
export interface OutboxContext {
  pace: Pace;
  log: Logger;
  telemetry: Telemetry;
}

export function createOutbox(config: AgentConfig, { pace, log, telemetry }: OutboxContext): Outbox {
  const transport = createTransport(config, log);
  if (transport === undefined) return noOutbox;
  const { enabled, directory, bytes, catchUp } = config.outbox;
  // A recording is read again from its beginning, and whoever replays one wants its batches in order.
  const { isLive } = SOURCES[config.source];
  return new DurableOutbox({
    transport: telemetry.isTracing ? new TracedTransport(transport, telemetry) : transport,
    directory: enabled && isLive ? directory : undefined,
    bytes,
    catchUp: isLive ? catchUp : undefined,
    backoff: { firstMs: 500, longestMs: 30_000 },
    pace,
    wallMs: () => Date.now(),
    log,
  });
}
