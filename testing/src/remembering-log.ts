import type { BaseLogger } from 'pino';

/** A log that keeps what it is told. */
export function rememberingLog(): BaseLogger & { messages: string[] } {
  const messages: string[] = [];
  const keep = (context: unknown, message?: string): void => {
    messages.push(message ?? String(context));
  };
  return {
    level: 'trace',
    msgPrefix: undefined,
    messages,
    fatal: keep,
    error: keep,
    warn: keep,
    info: keep,
    debug: keep,
    trace: keep,
    silent: keep,
  };
}
