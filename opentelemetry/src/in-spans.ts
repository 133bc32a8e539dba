/** Work that several traces go through together: a span for each of them, of one name and length. */
import type { SpanOptions, Telemetry } from './telemetry.js';

/**
 * One span below each of `parents`, W3C traceparents; it begins a trace where that is undefined. `work` is given the spans'
 * own traceparents in the same order. When it rejects the spans have failed, and so has this.
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
