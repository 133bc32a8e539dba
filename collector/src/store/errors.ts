/** From what @clickhouse/client throws to StoreError: what happened, and whether trying again can help. */
import { ClickHouseError } from '@clickhouse/client';
import { StoreError } from '../model.js';

/**
 * Codes that a repetition of the same request cannot cure (src/Common/ErrorCodes.cpp): what we asked is wrong, or the
 * schema or the credentials are. Everything else, from a refused connection to a full disk, may pass.
 */
const PERMANENT = new Set([
  ...[6, 26, 27, 33, 38, 41, 43, 53, 62, 69, 70, 117, 456, 457], // does not parse, wrong types, wrong arguments
  ...[10, 16, 36, 44, 46, 47, 48, 50, 56, 60, 63, 73, 80, 81, 115], // names nothing that is there
  ...[192, 193, 194, 291, 497, 516], // unknown user, wrong password, no access
]);

/** `what` says what could not be done, to what: it begins the message. */
export function toStoreError(what: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { message } = error as Error;
  if (!(error instanceof ClickHouseError)) {
    const code = (error as NodeJS.ErrnoException).code;
    return new StoreError(`${what}: ClickHouse did not answer: ${message || (code ?? 'no reason given')}`, true, {
      cause: error,
    });
  }
  const detail = `${what}: ClickHouse refused (${error.type ?? 'error'} ${error.code}): ${message.trim()}`;
  return new StoreError(detail, !PERMANENT.has(Number(error.code)), { cause: error });
}
