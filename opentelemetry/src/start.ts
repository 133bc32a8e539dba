/** The way in. */
import type { Environment } from '@tcewatch/config';
import type { Logger } from 'pino';
import { signalsOf } from './signals.js';
import { noTelemetry } from './telemetry.js';
import type { Telemetry } from './telemetry.js';

export interface TelemetryOptions {
  /** The process's: the SDK reads most of its settings from there by itself. */
  env: Environment;
  /** `service.name`, unless OTEL_SERVICE_NAME gives another. */
  service: string;
  version: string;
  log: Logger;
}

/** Of one process, once. The SDK is loaded here, and only if it is asked for. Rejects with CommandError. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const signals = signalsOf(options.env);
  if (!signals.traces && !signals.metrics) return noTelemetry;
  const { startSdk } = await import('./sdk/sdk.js');
  return startSdk(signals, options);
}
