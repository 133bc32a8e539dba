/**
 * Which signals the standard environment variables ask for. Pure. The SDK would send both to localhost unless it is told not
 * to; here each is off until a variable names its exporter or where to send it.
 */
import { CommandError } from '@tcewatch/config';
import type { Environment } from '@tcewatch/config';

export interface Signals {
  traces: boolean;
  metrics: boolean;
}

/**
 * Throws CommandError for an exporter of metrics that there is none of here. Empty is as good as unset
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
 */
export function signalsOf(env: Environment): Signals {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return { traces: false, metrics: false };
  const metrics = exportersOf(env, 'METRICS');
  const unknown = metrics.find((name) => name !== 'otlp');
  if (unknown === undefined) return { traces: exportersOf(env, 'TRACES').length > 0, metrics: metrics.length > 0 };
  const fix = 'give otlp or none (Prometheus has /metrics)';
  throw new CommandError(`OTEL_METRICS_EXPORTER: there is no exporter ${JSON.stringify(unknown)}; ${fix}`);
}

function exportersOf(env: Environment, signal: 'TRACES' | 'METRICS'): string[] {
  const given = (name: string): string => env[name]?.trim() ?? '';
  const named = given(`OTEL_${signal}_EXPORTER`)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (named.length > 0) return named.filter((name) => name !== 'none');
  const endpoints = ['OTEL_EXPORTER_OTLP_ENDPOINT', `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
  return endpoints.some((name) => given(name) !== '') ? ['otlp'] : [];
}
