/**
 * What sends metrics at an interval. The SDK can make one from the environment too, but not one that takes them from
 * elsewhere.
 */
import { CommandError } from '@tcewatch/common';
import type { Environment } from '@tcewatch/common';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { IMetricReader, MetricProducer, PushMetricExporter } from '@opentelemetry/sdk-metrics';

/** The defaults of the specification, in milliseconds. */
const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 30_000;

/**
 * Exporters by the value of OTEL_EXPORTER_OTLP_PROTOCOL. All else the exporters read from the environment themselves.
 */
const EXPORTERS: Readonly<Record<string, () => Promise<PushMetricExporter>>> = {
  grpc: async () => new (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter(),
  'http/json': async () => new (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter(),
  'http/protobuf': async () => new (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter(),
};

/** Makes the reader that the environment asks for. Throws CommandError for settings that are none. */
export async function metricReader(env: Environment, producer: MetricProducer): Promise<IMetricReader> {
  const [name = '', protocol = 'http/protobuf'] = firstGiven(env, [
    'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
    'OTEL_EXPORTER_OTLP_PROTOCOL',
  ]);
  const create = EXPORTERS[protocol];
  if (!create) {
    throw new CommandError(`${name}: there is no protocol ${protocol}; give ${Object.keys(EXPORTERS).join(', ')}`);
  }
  const exportIntervalMillis = milliseconds(env, 'OTEL_METRIC_EXPORT_INTERVAL', INTERVAL_MS);
  const timeout = milliseconds(env, 'OTEL_METRIC_EXPORT_TIMEOUT', TIMEOUT_MS);
  return new PeriodicExportingMetricReader({
    exporter: await create(),
    metricProducers: [producer],
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(timeout, exportIntervalMillis),
  });
}

function firstGiven(env: Environment, names: readonly string[]): [name: string, value: string] | [] {
  for (const name of names) {
    const value = env[name]?.trim() ?? '';
    if (value !== '') return [name, value];
  }
  return [];
}

function milliseconds(env: Environment, name: string, fallback: number): number {
  const [, text] = firstGiven(env, [name]);
  if (text === undefined) return fallback;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CommandError(`${name}: ${JSON.stringify(text)} is no number of milliseconds above 0`);
}
