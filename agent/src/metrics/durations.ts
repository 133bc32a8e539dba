/**
 * Durations of each VM's hypercalls as a histogram; only where the source measures them. All hypercalls and lives of a
 * VM are one series, and the kernel's buckets beyond those below are folded, so a VM costs no more than 46 samples.
 */
import { SPANS } from '@tcewatch/protocol';
import type { Latencies, Vm } from '@tcewatch/protocol';
import { Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** Latencies in `status.newest.snapshot`: it keeps what was measured before a reading that measured nothing. */
export interface Durations {
  vms: readonly Pick<Vm, 'name' | 'uuid'>[];
  latencies: Latencies;
}

const NAME = 'tcewatch_hypercall_duration_seconds';
const HELP =
  'How long the TCE hypercalls of each VM took since the epoch began, by the mode that completed them; in userspace: the ' +
  'round trip. Only where the source measures it.';

/** Upper bounds of the kernel's buckets, as exponents: 2^n us, from 2 us to about a second. */
const BUCKETS = Array.from({ length: 20 }, (_, i) => i + 1);
const FIRST_BUCKET = 1;

/** The mode whose calls each span times. */
const MODE_OF_SPAN = { handled: 'virtual', round_trip: 'userspace' } as const;

interface Sums {
  labels: { vm: string; uuid: string; mode: string };
  calls: number;
  totalUs: number;
  /** Calls by the kernel's bucket. */
  buckets: number[];
}

export function registerDurations(registry: Registry, newest: () => Durations | undefined): void {
  registry.registerMetric(new DurationHistogram(newest));
}

/**
 * A histogram made of sums, which is what the kernel gives; prom-client's own can only observe one value after the
 * other.
 */
class DurationHistogram extends Histogram<'vm' | 'uuid' | 'mode' | 'le'> {
  constructor(private readonly newest: () => Durations | undefined) {
    super({
      name: NAME,
      help: HELP,
      labelNames: ['vm', 'uuid', 'mode'],
      buckets: BUCKETS.map(seconds),
      registers: [],
    });
  }

  /** Returns the metric, as the registry and `get` ask for it; prom-client's types do not have this method. */
  getForPromString() {
    const values = sumsOf(this.newest()).flatMap((sums) => this.#samples(sums));
    return Promise.resolve({ name: NAME, help: HELP, type: 'histogram', values, aggregator: 'sum' });
  }

  #samples({ labels, calls, totalUs, buckets }: Sums) {
    const sample = (suffix: string, value: number, more: { le?: number | string } = {}) => ({
      metricName: `${NAME}_${suffix}`,
      labels: more,
      sharedLabels: labels,
      value,
    });
    let upTo = buckets.slice(0, FIRST_BUCKET).reduce((sum, n) => sum + n, 0);
    const finite = BUCKETS.map((bucket) => {
      upTo += buckets[bucket] ?? 0;
      return sample('bucket', upTo, { le: seconds(bucket) });
    });
    return [...finite, sample('bucket', calls, { le: '+Inf' }), sample('sum', totalUs / 1e6), sample('count', calls)];
  }
}

function seconds(bucket: number): number {
  return 2 ** bucket / 1e6;
}

/** Sums durations by VM and mode, in the order in which they come. */
function sumsOf(durations: Durations | undefined): Sums[] {
  const found = new Map<string, Sums>();
  if (durations === undefined) return [];
  const { vms, latencies } = durations;
  for (let row = 0; row < latencies.length; row++) {
    const vm = vms[latencies.vm[row] ?? -1];
    const span = SPANS[latencies.span[row] ?? -1];
    if (vm === undefined || span === undefined) continue;
    const labels = { vm: vm.name, uuid: vm.uuid, mode: MODE_OF_SPAN[span] };
    const key = JSON.stringify(labels);
    const sums = found.get(key) ?? { labels, calls: 0, totalUs: 0, buckets: [] };
    const bucket = latencies.bucket[row] ?? 0;
    const calls = latencies.calls[row] ?? 0;
    sums.calls += calls;
    sums.totalUs += latencies.totalUs[row] ?? 0;
    sums.buckets[bucket] = (sums.buckets[bucket] ?? 0) + calls;
    found.set(key, sums);
  }
  return [...found.values()];
}
