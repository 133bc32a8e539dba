/** Telemetry that keeps its spans, for tests of what makes them; the SDK itself is tested with real programs. */
import { noTelemetry } from '@tcewatch/opentelemetry';
import type { SpanOptions, Telemetry } from '@tcewatch/opentelemetry';

export interface RecordedSpan extends SpanOptions {
  name: string;
  traceparent: string;
  ended: boolean;
  failure?: string | undefined;
}

/** Spans in the order in which they were begun; a span's trace is its parent's. */
export function recordingTelemetry(): Telemetry & { spans: RecordedSpan[] } {
  const spans: RecordedSpan[] = [];
  return {
    ...noTelemetry,
    isTracing: true,
    spans,
    startSpan: (name, options = {}) => {
      const id = String(spans.length + 1);
      const trace = options.parent?.slice(3, 35) ?? id.padStart(32, '0');
      const span: RecordedSpan = {
        name,
        ...options,
        traceparent: `00-${trace}-${id.padStart(16, '0')}-01`,
        ended: false,
      };
      spans.push(span);
      return {
        traceparent: span.traceparent,
        end: (failure) => {
          Object.assign(span, { ended: true, failure });
        },
      };
    },
  };
}
