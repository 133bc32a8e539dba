/** The log of a program: one JSON object a line, on standard error, secrets masked. */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { z } from 'zod';

/** The levels of pino, from the most to the least talkative; `silent` logs nothing. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The section `log` of a program's settings. */
export const logSettings = z.strictObject({
  level: z.enum(LOG_LEVELS).default('info').describe('The least severe lines to log.'),
});

/** Names under which a secret could come into a log line. */
const SECRETS = ['token', 'authorization', 'key'].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Makes a log. `destination` is standard error, written at once so that a last line before a crash is not lost. */
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
