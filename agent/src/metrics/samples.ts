/**
 * Metrics whose samples are computed when they are scraped. prom-client's counters can only be increased, so a counter
 * is emptied and filled again at each scrape: what stands behind it only grows.
 */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

export interface Sample<L extends string> {
  labels: Record<L, string>;
  value: number;
}

export interface Definition<L extends string> {
  name: string;
  help: string;
  labels: readonly L[];
  /** Computes the samples of this instant; a figure that is not known has none. */
  samples: () => Iterable<Sample<L>>;
}

/** Registers a counter. */
export function counter<L extends string>(registry: Registry, { name, help, labels, samples }: Definition<L>): void {
  new Counter({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      empty(this);
      for (const sample of samples()) this.inc(sample.labels, sample.value);
    },
  });
}

/** Registers a gauge. */
export function gauge<L extends string>(registry: Registry, { name, help, labels, samples }: Definition<L>): void {
  new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      empty(this);
      for (const sample of samples()) this.set(sample.labels, sample.value);
    },
  });
}

/** Returns one sample without labels, or none. */
export function single(value: number | undefined): Sample<never>[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}

/** Returns a sample for each value of one label. */
export function labelled<L extends string>(label: L, values: Iterable<[string, number]>) {
  return [...values].map(([name, value]) => ({ labels: { [label]: name } as Record<L, string>, value }));
}

/** Empties a metric. `reset` alone leaves one without labels at 0, which a figure that is not known must not be. */
function empty(metric: { reset(): void; remove(labels: object): void }): void {
  metric.reset();
  metric.remove({});
}
