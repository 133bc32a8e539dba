/** Receives OTLP in JSON over HTTP, as an OpenTelemetry collector does (https://opentelemetry.io/docs/specs/otlp/). */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Values of attributes: one of these is there. */
interface KeyValue {
  key: string;
  value: { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean };
}

export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: KeyValue[];
  status: { code: number; message?: string };
  /** `service.name` of the resource. */
  service: string;
}

export interface OtlpMetric {
  name: string;
  sum?: { isMonotonic: boolean; aggregationTemporality: number; dataPoints: OtlpPoint[] };
  gauge?: { dataPoints: OtlpPoint[] };
  histogram?: { dataPoints: { attributes: KeyValue[]; count: number; bucketCounts: number[] }[] };
  service: string;
}

interface OtlpPoint {
  attributes: KeyValue[];
  asDouble?: number;
  asInt?: number;
}

interface Resourceful {
  resource: { attributes: KeyValue[] };
}

interface Traces {
  resourceSpans: (Resourceful & { scopeSpans: { spans: Omit<OtlpSpan, 'service'>[] }[] })[];
}

interface Metrics {
  resourceMetrics: (Resourceful & { scopeMetrics: { metrics: Omit<OtlpMetric, 'service'>[] }[] })[];
}

export interface OtlpReceiver {
  url: string;
  spans: OtlpSpan[];
  /** All exports, the newest last. */
  metrics: OtlpMetric[];
  /** Resource attributes by service. */
  resources: Map<string, Record<string, unknown>>;
  close(): Promise<void>;
}

export async function receiveOtlp(): Promise<OtlpReceiver> {
  const spans: OtlpSpan[] = [];
  const metrics: OtlpMetric[] = [];
  const resources = new Map<string, Record<string, unknown>>();
  const serviceOf = ({ resource }: Resourceful): string => {
    const attributes = record(resource.attributes);
    const service = String(attributes['service.name']);
    resources.set(service, attributes);
    return service;
  };
  const take: Record<string, (body: unknown) => void> = {
    '/v1/traces': (body) => {
      for (const one of (body as Traces).resourceSpans) {
        const service = serviceOf(one);
        spans.push(...one.scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, service }))));
      }
    },
    '/v1/metrics': (body) => {
      for (const one of (body as Metrics).resourceMetrics) {
        const service = serviceOf(one);
        metrics.push(...one.scopeMetrics.flatMap((scope) => scope.metrics.map((metric) => ({ ...metric, service }))));
      }
    },
  };
  const server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      take[request.url ?? '']?.(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${port}`, spans, metrics, resources, close };
}

export function record(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0] as unknown]));
}

/** Of these spans, the way from one up to where its trace began: `name of service` each. */
export function ancestryIn(spans: readonly OtlpSpan[]): (span: OtlpSpan | undefined) => string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const ancestry = (span: OtlpSpan | undefined): string[] =>
    span ? [`${span.name} of ${span.service}`, ...ancestry(byId.get(span.parentSpanId ?? ''))] : [];
  return ancestry;
}
