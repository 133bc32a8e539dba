/** OpenTelemetry's SDK behind {@link Telemetry}. It takes its settings from the standard environment variables. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  diag,
  isSpanContextValid,
  trace,
} from '@opentelemetry/api';
import type { Context, SpanContext, Tracer } from '@opentelemetry/api';
import { parseTraceParent, setGlobalErrorHandler } from '@opentelemetry/core';
import { defaultResource, envDetector, hostDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Signals, Span, SpanOptions, Telemetry, TelemetryOptions } from '../telemetry.js';
import { PrometheusBridge } from './prometheus-bridge.js';
import { metricReader } from './reader.js';

/**
 * The time for which a program that ends waits for what is not sent yet. The SDK's own time-outs begin anew with each
 * byte.
 */
const FLUSH_MS = 5000;

/** Time after which trouble that goes on is told again. */
const QUIET_MS = 10 * 60_000;

const KINDS = {
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
} as const;

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

/** Starts a span whose parent is given as the text that travels (W3C traceparent). */
function startSpan(tracer: Tracer, name: string, options: SpanOptions = {}): Span {
  const { parent, kind = 'internal', attributes = {} } = options;
  const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, contextOf(parent));
  return {
    traceparent: traceparent(span.spanContext()),
    end: (failure) => {
      if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
      span.end();
    },
  };
}

/** Gives the context of a parent; one that is none is as good as no parent, as the recommendation has it. */
function contextOf(parent: string | undefined): Context {
  const known = parent === undefined ? null : parseTraceParent(parent);
  return known ? trace.setSpanContext(ROOT_CONTEXT, { ...known, isRemote: true }) : ROOT_CONTEXT;
}

function traceparent(context: SpanContext): string | undefined {
  if (!isSpanContextValid(context)) return undefined;
  const { traceId, spanId, traceFlags } = context;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/**
 * Sends what the SDK says of itself to the program's log; the same trouble at each export is one line for a while.
 * `now` is monotonic, in milliseconds.
 */
export function logDiagnostics(log: Logger, now: () => number = () => performance.now()): void {
  const told = new Map<string, number>();
  const tell =
    (level: 'trace' | 'debug') =>
    (...words: readonly unknown[]): void => {
      log[level](`OpenTelemetry: ${words.join(' ')}`);
    };
  const warn = (...words: readonly unknown[]): void => {
    const message = `OpenTelemetry: ${words.join(' ')}`;
    for (const [text, at] of told) if (now() - at >= QUIET_MS) told.delete(text);
    log[told.has(message) ? 'debug' : 'warn'](message);
    if (!told.has(message)) told.set(message, now());
  };
  // No error of the SDK's is one of the program's.
  const logger = { error: warn, warn, info: tell('debug'), debug: tell('trace'), verbose: tell('trace') };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
  setGlobalErrorHandler((error) => {
    const message = typeof error === 'string' ? error : (error.message ?? 'no reason is known');
    warn(`spans or metrics are not exported: ${message}`);
  });
}
