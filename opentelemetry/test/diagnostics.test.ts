import { diag } from '@opentelemetry/api';
import { globalErrorHandler, loggingErrorHandler, setGlobalErrorHandler } from '@opentelemetry/core';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { logDiagnostics } from '../src/sdk/sdk.js';

afterEach(() => {
  diag.disable();
  setGlobalErrorHandler(loggingErrorHandler());
});

it('tells the same trouble of the SDK once in ten minutes, and each other trouble too', () => {
  const lines: string[] = [];
  const log = pino(
    { level: 'info' },
    { write: (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg) },
  );
  let nowMs = 0;
  logDiagnostics(log, () => nowMs);
  for (nowMs of [0, 5000, 10_000, 599_999]) {
    globalErrorHandler(new Error('connect ECONNREFUSED'));
    diag.error('metrics are not exported');
    diag.info('not for operators');
  }
  const told = [
    'OpenTelemetry: spans or metrics are not exported: connect ECONNREFUSED',
    'OpenTelemetry: metrics are not exported',
  ];
  expect(lines).toEqual(told);
  nowMs = 600_000;
  globalErrorHandler(new Error('connect ECONNREFUSED'));
  expect(lines).toEqual([...told, told[0]]);
});
