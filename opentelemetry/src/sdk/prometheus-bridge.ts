/**
 * What `/metrics` shows, for OTLP: the same metrics under the same names, read from prom-client at each export by the
 * SDK's own interface for metrics from elsewhere. Counters and histograms are cumulative since the process began,
 * whatever temporality the exporter prefers, as in the bridge that OpenTelemetry has for Go. Summaries, which
 * OpenTelemetry has no instrument for, are left out.
 */
import { ValueType } from '@opentelemetry/api';
import type { HrTime } from '@opentelemetry/api';
import { hrTime, millisToHrTime } from '@opentelemetry/core';
import type { InstrumentationScope } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import type {
  CollectionResult,
  DataPoint,
  HistogramMetricData,
  MetricData,
  MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { groupBy } from '@tcewatch/common';
import type { MetricObjectWithValues, MetricValue, MetricValueWithName, Registry } from 'prom-client';

type Metric = MetricObjectWithValues<MetricValue<string>>;
type Histogram = HistogramMetricData['dataPoints'][number]['value'];
/** The time from when to when something was counted. */
type Times = Pick<DataPoint<number>, 'startTime' | 'endTime'>;

const PROCESS_BEGAN: HrTime = millisToHrTime(performance.timeOrigin);

export class PrometheusBridge implements MetricProducer {
  readonly #registries: Registry[] = [];

  constructor(private readonly scope: InstrumentationScope) {}

  add(registry: Registry): void {
    this.#registries.push(registry);
  }

  async collect(): Promise<CollectionResult> {
    const outcomes = await Promise.allSettled(this.#registries.map((registry) => registry.getMetricsAsJSON()));
    const times = { startTime: PROCESS_BEGAN, endTime: hrTime() };
    const metrics = outcomes
      .flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))
      .flatMap((metric) => toMetricData(metric, times) ?? []);
    return {
      resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: this.scope, metrics }] },
      errors: outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : [])),
    };
  }
}

/** Gives a metric of prom-client as one of the SDK; undefined for a summary. */
export function toMetricData(metric: Metric, times: Times): MetricData | undefined {
  const { name, help: description, values } = metric;
  const common = {
    descriptor: { name, description, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  // At run time its type is this text; the enumeration of the library's types is of numbers.
  switch (String(metric.type)) {
    case 'counter':
      return {
        ...common,
        dataPointType: DataPointType.SUM,
        isMonotonic: true,
        dataPoints: values.map((v) => point(v, times)),
      };
    case 'gauge':
      return { ...common, dataPointType: DataPointType.GAUGE, dataPoints: values.map((v) => point(v, times)) };
    case 'histogram':
      return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: histograms(name, values, times) };
    default:
      return undefined;
  }
}

function point({ labels, value }: MetricValue<string>, times: Times): DataPoint<number> {
  return { ...times, attributes: textual(labels), value };
}

function textual(labels: MetricValue<string>['labels']): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}

/**
 * prom-client lists the values of a histogram one after the other: buckets that each hold the ones below, sum, count.
 */
function histograms(name: string, values: readonly MetricValue<string>[], times: Times): DataPoint<Histogram>[] {
  const byLabels = groupBy(values as readonly MetricValueWithName<string>[], ({ labels }) => {
    const others = Object.entries(labels).filter(([label]) => label !== 'le');
    return JSON.stringify(others.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return [...byLabels.values()].map((samples) => histogram(name, samples, times));
}

function histogram(name: string, samples: readonly MetricValueWithName<string>[], times: Times): DataPoint<Histogram> {
  const one = (suffix: string) => samples.find(({ metricName }) => metricName === `${name}${suffix}`);
  const buckets = samples.filter(({ metricName }) => metricName === `${name}_bucket`);
  const cumulative = buckets.map(({ value }) => value);
  const boundaries = buckets.map(({ labels }) => Number(labels['le'])).filter(Number.isFinite);
  const counts = cumulative.map((value, i) => value - (cumulative[i - 1] ?? 0));
  const { value: count = 0, labels = {} } = one('_count') ?? {};
  return {
    ...times,
    attributes: textual(labels),
    value: { buckets: { boundaries, counts }, sum: one('_sum')?.value ?? 0, count },
  };
}
