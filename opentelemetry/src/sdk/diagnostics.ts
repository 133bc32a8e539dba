/** What the SDK says of itself goes into the program's log, and the same trouble at each export is one line for a while. */
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import type { Logger } from 'pino';

/** After which trouble that goes on is told again. */
const QUIET_MS = 10 * 60_000;

/** `now` is monotonic, in milliseconds. */
export function logDiagnostics(log: Logger, now: () => number = () => performance.now()): void {
  const told = new Map<string, number>();
  const tell =
    (level: 'trace' | 'debug') =>
    (...words: readonly unknown[]): void => {
      log[level](`OpenTelemetry: ${words.join(' ')}`);
    };
  const warn = (...words: readonly unknown[]): void => {
    const message = `OpenTelemetry: ${words.join(' ')}`;
    for (const [text, at] of told) if (now() - at >= QUIET_MS) told.delete(text);
    log[told.has(message) ? 'debug' : 'warn'](message);
    if (!told.has(message)) told.set(message, now());
  };
  // No error of the SDK's is one of the program's.
  const logger = { error: warn, warn, info: tell('debug'), debug: tell('trace'), verbose: tell('trace') };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
  setGlobalErrorHandler((error) => {
    const message = typeof error === 'string' ? error : (error.message ?? 'no reason is known');
    warn(`spans or metrics are not exported: ${message}`);
  });
}
