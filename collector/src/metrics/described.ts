/** All metrics of the collector without a sample of them: for the reference, and for whoever checks rules against them. */
import type { Registry } from 'prom-client';
import { addKafkaMetrics } from './kafka.js';
import { createMetrics } from './metrics.js';

export function describedMetrics(): Registry {
  const { registry } = createMetrics(unobserved);
  addKafkaMetrics(registry, unobserved);
  return registry;
}

/** Only a scrape asks. */
function unobserved(): never {
  throw new Error('these metrics are described, not scraped');
}
