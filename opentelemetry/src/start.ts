/**
 * Starts what the standard environment variables ask for. The SDK would send both signals to localhost unless it is
 * told not to; here each is off until a variable names its exporter or where to send it.
 */
import { CommandError } from '@tcewatch/common';
import type { Environment } from '@tcewatch/common';
import { noTelemetry } from './telemetry.js';
import type { Signals, Telemetry, TelemetryOptions } from './telemetry.js';

/** The exporters that each signal can have here, and what a refusal of another one says. */
const EXPORTERS = {
  TRACES: {
    known: ['otlp', 'zipkin'],
    fix: 'give otlp, zipkin or none (console would write between what goes to standard output)',
  },
  METRICS: { known: ['otlp'], fix: 'give otlp or none (Prometheus has /metrics)' },
} as const;

/**
 * Starts telemetry, once in a process. The SDK is loaded here, and only if it is asked for. Rejects with CommandError.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const signals = signalsOf(options.env);
  if (!signals.traces && !signals.metrics) return noTelemetry;
  const { startSdk } = await import('./sdk/sdk.js');
  return startSdk(signals, options);
}

/**
 * Reads which signals are asked for. Throws CommandError for an exporter that there is none of here, and for an
 * endpoint that is no URL. Empty is as good as unset
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
 */
export function signalsOf(env: Environment): Signals {
  if (given(env, 'OTEL_SDK_DISABLED').toLowerCase() === 'true') return { traces: false, metrics: false };
  const [traces, metrics] = [exportersOf(env, 'TRACES'), exportersOf(env, 'METRICS')];
  return { traces: traces.length > 0, metrics: metrics.length > 0 };
}

function exportersOf(env: Environment, signal: 'TRACES' | 'METRICS'): string[] {
  const endpoints = ['OTEL_EXPORTER_OTLP_ENDPOINT', `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
  for (const name of endpoints) checkUrl(name, given(env, name));
  const named = given(env, `OTEL_${signal}_EXPORTER`)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const { known, fix } = EXPORTERS[signal];
  const unknown = named.find((name) => name !== 'none' && !known.some((one) => one === name));
  if (unknown !== undefined) {
    throw new CommandError(`OTEL_${signal}_EXPORTER: there is no exporter ${JSON.stringify(unknown)}; ${fix}`);
  }
  if (named.length > 0) return named.filter((name) => name !== 'none');
  return endpoints.some((name) => given(env, name) !== '') ? ['otlp'] : [];
}

/** The SDK would go to localhost instead, and log the text, which may hold credentials. */
function checkUrl(name: string, text: string): void {
  if (text === '') return;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new CommandError(`${name}: expected a URL such as https://collector.example:4318`);
  }
  if (url.username === '' && url.password === '') return;
  throw new CommandError(`${name}: holds credentials: give them in OTEL_EXPORTER_OTLP_HEADERS`);
}

function given(env: Environment, name: string): string {
  return env[name]?.trim() ?? '';
}
