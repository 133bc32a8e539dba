import { CommandError } from '@tcewatch/common';
import { describe, expect, it } from 'vitest';
import { signalsOf } from '../src/start.js';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
const off = { traces: false, metrics: false };
const both = { traces: true, metrics: true };

describe('signalsOf', () => {
  it.each([
    ['nothing', {}, off],
    ['empty values', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ', OTEL_TRACES_EXPORTER: '' }, off],
    ['a name of the service alone', { OTEL_SERVICE_NAME: 'x', OTEL_RESOURCE_ATTRIBUTES: 'a=b' }, off],
    ['an endpoint', ENDPOINT, both],
    ['an endpoint of traces', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1' }, { ...off, traces: true }],
    ['an endpoint of metrics', { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://127.0.0.1' }, { ...off, metrics: true }],
    ['an exporter of traces', { OTEL_TRACES_EXPORTER: 'otlp' }, { ...off, traces: true }],
    ['exporters of traces', { OTEL_TRACES_EXPORTER: 'zipkin, otlp' }, { ...off, traces: true }],
    ['an exporter of metrics', { OTEL_METRICS_EXPORTER: 'otlp' }, { ...off, metrics: true }],
    ['an endpoint, but no traces', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, { ...off, metrics: true }],
    ['an endpoint, but no metrics', { ...ENDPOINT, OTEL_METRICS_EXPORTER: 'none' }, { ...off, traces: true }],
    ['all of it switched off', { ...ENDPOINT, OTEL_SDK_DISABLED: 'True' }, off],
  ])('takes %s for what it asks for', (_, env, signals) => {
    expect(signalsOf(env)).toEqual(signals);
  });

  it.each([
    ['is no URL', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'collector', 'expected a URL such as https://collector.example:4318'],
    ['is of another kind', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'collector:4317', 'expected a URL such as https:'],
    ['is cut off', 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'http://u:secret@', 'expected a URL such as https:'],
    ['holds credentials', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'http://u:secret@h', 'holds credentials: give them in OTEL_'],
  ])('refuses an endpoint that %s, without repeating it', (_, name, endpoint, message) => {
    const signals = () => signalsOf({ [name]: endpoint });
    expect(signals).toThrow(CommandError);
    expect(signals).toThrow(`${name}: ${message}`);
    expect(signals).not.toThrow('secret');
  });

  it('says what to give instead of an exporter of metrics that is not there', () => {
    const given = () => signalsOf({ OTEL_METRICS_EXPORTER: 'prometheus' });
    expect(given).toThrow(CommandError);
    expect(given).toThrow('OTEL_METRICS_EXPORTER: there is no exporter "prometheus"; give otlp or none');
  });

  it('refuses to write traces to standard output, where answers go', () => {
    const given = () => signalsOf({ OTEL_TRACES_EXPORTER: 'otlp,console' });
    expect(given).toThrow(CommandError);
    expect(given).toThrow('OTEL_TRACES_EXPORTER: there is no exporter "console"; give otlp, zipkin or none');
  });
});
