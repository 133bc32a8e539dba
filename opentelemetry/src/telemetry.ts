/**
 * What the programs need of OpenTelemetry, in few words of their own: where it is off there is no library behind it.
 * Contexts are passed on explicitly, as the text that travels anyway.
 */
import type { Environment } from '@tcewatch/common';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** W3C traceparent of what this is a part of; without it a trace begins here. */
  parent?: string | undefined;
  /** `producer` and `consumer` are the two ends of a way between programs. */
  kind?: 'internal' | 'producer' | 'consumer' | 'client';
  attributes?: Attributes;
}

/** Some work from when it was begun to when it is ended; one that is never ended is told to nobody. */
export interface Span {
  /** W3C traceparent for what is a part of it, here or in another program; undefined when nothing is traced. */
  readonly traceparent: string | undefined;
  /** Ends it: well, or with what went wrong, in words. */
  end(failure?: string): void;
}

export interface Telemetry {
  /** Whether spans go anywhere: work that is done for them alone need not be done otherwise. */
  readonly isTracing: boolean;
  startSpan(name: string, options?: SpanOptions): Span;
  /** Sends what the registry has, from now on. */
  exportMetrics(registry: Registry): void;
  /**
   * Sends what is not sent yet, for five seconds at most, and never rejects. What is given up then may still hold
   * sockets and timers, so that the process does not end by itself.
   */
  shutdown(): Promise<void>;
}

/** Which signals are exported. */
export interface Signals {
  traces: boolean;
  metrics: boolean;
}

export interface TelemetryOptions {
  /** The environment of the process: the SDK reads most of its settings from there by itself. */
  env: Environment;
  /** `service.name`, unless OTEL_SERVICE_NAME gives another. */
  service: string;
  version: string;
  log: Logger;
}

const noSpan: Span = { traceparent: undefined, end: () => undefined };

/** What is used where it is off. */
export const noTelemetry: Telemetry = {
  isTracing: false,
  startSpan: () => noSpan,
  exportMetrics: () => undefined,
  shutdown: () => Promise.resolve(),
};

/**
 * Runs work that several traces go through together in a span of each: one below each of `parents`, W3C traceparents;
 * it begins a trace where that is undefined. `work` is given the spans' own traceparents in the same order. When it
 * rejects the spans have failed, and so has this.
 */
export async function inSpans<T>(
  telemetry: Telemetry,
  name: string,
  { parents, ...options }: Omit<SpanOptions, 'parent'> & { parents: readonly (string | undefined)[] },
  work: (traceparents: readonly (string | undefined)[]) => Promise<T>,
): Promise<T> {
  const spans = parents.map((parent) => telemetry.startSpan(name, { ...options, parent }));
  const end = (failure?: string): void => {
    for (const span of spans) span.end(failure);
  };
  try {
    const result = await work(spans.map(({ traceparent }) => traceparent));
    end();
    return result;
  } catch (error) {
    end(error instanceof Error ? error.message : String(error));
    throw error;
  }
}
