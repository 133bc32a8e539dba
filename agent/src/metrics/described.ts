/** All metrics of the agent without a sample of them: for the reference, and for whoever checks rules against them. */
import type { Registry } from 'prom-client';
import { createMetrics } from './registry.js';

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
