/** Structured logs: one JSON object a line, on standard error, secrets masked. */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Names under which a secret could come into a log line. */
const SECRETS = ['token', 'authorization', 'key'].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Makes a log; `destination` is standard error, written at once so that a last line before a crash is not lost. */
export function createLog(
  { level }: { level: LogLevel },
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: null,
      redact: { paths: SECRETS, censor: '***' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
