import { CommandError } from '@tcewatch/common';
import { describe, expect, it } from 'vitest';
import { startTelemetry } from '@tcewatch/opentelemetry';
import { pino } from 'pino';

const start = (env: Record<string, string>) =>
  startTelemetry({
    env: { OTEL_METRICS_EXPORTER: 'otlp', ...env },
    service: 'test',
    version: '1',
    log: pino({ level: 'silent' }),
  });

describe('settings of the export of metrics', () => {
  it.each([
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'smoke' }, 'OTEL_EXPORTER_OTLP_PROTOCOL: there is no protocol smoke; give grpc,'],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'smoke' },
      'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: there is no protocol smoke; give grpc, http/json, http/protobuf',
    ],
    [{ OTEL_METRIC_EXPORT_INTERVAL: '10s' }, 'OTEL_METRIC_EXPORT_INTERVAL: "10s" is no number of milliseconds'],
    [{ OTEL_METRIC_EXPORT_TIMEOUT: '0' }, 'OTEL_METRIC_EXPORT_TIMEOUT: "0" is no number of milliseconds above 0'],
  ])('%o are refused with what is wrong', async (env, message) => {
    const failure = await start(env).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandError);
    expect((failure as Error).message).toContain(message);
  });
});
