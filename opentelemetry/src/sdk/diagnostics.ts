/** What the SDK says of itself goes into the program's log: at first in full, and while it stays the same only for debugging. */
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import type { Logger } from 'pino';

type Level = 'trace' | 'debug' | 'warn';

export function logDiagnostics(log: Logger): void {
  let last: string | undefined;
  const tell = (level: Level) => (message: string) => {
    log[level === 'warn' && message === last ? 'debug' : level](`OpenTelemetry: ${message}`);
    if (level === 'warn') last = message;
  };
  const warn = tell('warn');
  // No error of it is one of the program's.
  const logger = { error: warn, warn, info: tell('debug'), debug: tell('trace'), verbose: tell('trace') };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
  setGlobalErrorHandler((error) => {
    warn(
      `spans or metrics are not exported: ${typeof error === 'string' ? error : (error.message ?? error.name ?? '')}`,
    );
  });
}
