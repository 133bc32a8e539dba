/** The way in. */
import { signalsOf } from './signals.js';
import { noTelemetry } from './telemetry.js';
import type { Telemetry, TelemetryOptions } from './telemetry.js';

/** Of one process, once. The SDK is loaded here, and only if it is asked for. Rejects with CommandError. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const signals = signalsOf(options.env);
  if (!signals.traces && !signals.metrics) return noTelemetry;
  const { startSdk } = await import('./sdk/sdk.js');
  return startSdk(signals, options);
}
