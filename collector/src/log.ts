/** Structured logs: one JSON object a line, on standard error. Secrets are masked by their own type. */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { CollectorConfig } from './config/index.js';

/** `destination` is standard error, written at once so that a last line before a crash is not lost. */
export function createLog(
  { level }: CollectorConfig['log'],
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
