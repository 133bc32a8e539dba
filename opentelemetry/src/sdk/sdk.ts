/** OpenTelemetry's SDK behind {@link Telemetry}. It takes its settings from the standard environment variables. */
import { setTimeout as sleep } from 'node:timers/promises';
import { diag, trace } from '@opentelemetry/api';
import { defaultResource, envDetector, hostDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Signals } from '../signals.js';
import type { Telemetry, TelemetryOptions } from '../telemetry.js';
import { logDiagnostics } from './diagnostics.js';
import { PrometheusBridge } from './prometheus-bridge.js';
import { metricReader } from './reader.js';
import { startSpan } from './spans.js';

/** For how long a program that ends waits for what is not sent yet. The SDK's own time-outs begin anew with each byte. */
const FLUSH_MS = 5000;

export async function startSdk(signals: Signals, { env, service, version, log }: TelemetryOptions): Promise<Telemetry> {
  const bridge = new PrometheusBridge({ name: service, version });
  logDiagnostics(log);
  const metricReaders = signals.metrics ? [await metricReader(env, bridge)] : [];
  // Where OTEL_LOG_LEVEL is set the SDK turns to the console, and standard output is not its own.
  diag.disable();
  const sdk = new NodeSDK({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': service, 'service.version': version })),
    // Not by default the detector of processes: command lines may hold secrets.
    ...((env['OTEL_NODE_RESOURCE_DETECTORS'] ?? '') === '' && { resourceDetectors: [envDetector, hostDetector] }),
    metricReaders,
    ...(!signals.traces && { spanProcessors: [] }),
    logRecordProcessors: [],
  });
  logDiagnostics(log);
  sdk.start();
  const tracer = trace.getTracer(service, version);
  return {
    isTracing: signals.traces,
    startSpan: (name, options) => startSpan(tracer, name, options),
    exportMetrics: (registry: Registry) => {
      bridge.add(registry);
    },
    shutdown: () => shutDown(sdk, log),
  };
}

async function shutDown(sdk: NodeSDK, log: Logger): Promise<void> {
  const settled = new AbortController();
  const limit = sleep(FLUSH_MS, undefined, { signal: settled.signal }).then(() => {
    throw new Error(`not done within ${FLUSH_MS} ms`);
  });
  try {
    await Promise.race([sdk.shutdown(), limit]);
  } catch (error) {
    log.warn(`OpenTelemetry: the last spans or metrics are not exported: ${(error as Error).message}`);
  } finally {
    settled.abort();
  }
}
