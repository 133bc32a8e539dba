/** Everything that `/metrics` shows, in a registry of its own. */
import { Registry, collectDefaultMetrics } from 'prom-client';
import { registerAgent } from './agent.js';
import type { AgentFigures } from './agent.js';
import { registerDurations } from './durations.js';
import { registerHypercalls } from './hypercalls.js';

export function createMetrics(figures: AgentFigures): Registry {
  const registry = new Registry();
  registerHypercalls(registry, () => figures.status.newest?.batch);
  registerDurations(registry, () => figures.status.newest?.snapshot);
  registerAgent(registry, figures);
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Describes all metrics of the agent without a sample of them, for the reference and for checks of rules against it. */
export function describedMetrics(): Registry {
  return createMetrics({
    status: { readings: 0, failures: new Map(), busyMs: 0, up: undefined, begunMs: undefined, newest: undefined },
    stats: () => undefined,
    now: () => 0,
    outboxLimit: 0,
    version: '',
    source: '',
    run: '',
  });
}
