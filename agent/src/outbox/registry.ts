/** The outbox that the configuration asks for. */
import type { Logger } from 'pino';
import type { AgentConfig } from '../config/schema.js';
import type { Pace } from '../sources/pace.js';
import { createTransport } from '../transport/registry.js';
import { MemoryOutbox } from './memory.js';
import { noOutbox } from './outbox.js';
import type { Outbox } from './outbox.js';

/** What an outbox would otherwise take from its surroundings. */
export interface OutboxContext {
  pace: Pace;
  log: Logger;
}

export function createOutbox(config: AgentConfig, { pace, log }: OutboxContext): Outbox {
  const transport = createTransport(config);
  if (transport === undefined) return noOutbox;
  return new MemoryOutbox({
    transport,
    limits: config.queue,
    backoff: { firstMs: 500, longestMs: 30_000 },
    sleep: (ms, signal) => pace.sleep(ms, signal),
    log,
  });
}
