/**
 * Translates what @clickhouse/client throws into StoreError: what happened, whose move it is, and whether trying again
 * can help.
 */
import { ClickHouseError } from '@clickhouse/client';
import { StoreError } from '../model.js';
import type { StoreFailure } from '../model.js';

/** ClickHouse's error codes (src/Common/ErrorCodes.cpp) by what they mean for whoever asked. */
const CODES: Readonly<Record<Exclude<StoreFailure, 'unreachable' | 'failed'>, readonly number[]>> = {
  // TIMEOUT_EXCEEDED, TOO_SLOW, SOCKET_TIMEOUT, UNKNOWN_STATUS_OF_INSERT
  timeout: [159, 160, 209, 319],
  // Too many queries, connections, parts, bytes of memory, tasks; the server says that it is overloaded
  overloaded: [201, 202, 203, 241, 252, 439, 745],
  // NOT_ENOUGH_SPACE
  'out-of-space': [243],
  // READONLY (the user), TABLE_IS_READ_ONLY (the replica, without its Keeper)
  'read-only': [164, 242],
  // Unknown user, wrong password, no grant
  'no-access': [192, 193, 194, 291, 497, 516],
  // What the statement names is not there: column, function, type, table, database, cluster, setting
  schema: [10, 16, 36, 44, 46, 47, 48, 50, 56, 60, 63, 73, 80, 81, 115, 170, 701],
  // What the rows hold does not parse or fit: text, number, date, UUID, enum, type, NULL, constraint
  refused: [6, 26, 27, 33, 38, 41, 43, 53, 62, 69, 70, 72, 117, 130, 131, 349, 376, 407, 456, 457, 467, 469, 691],
};

const FAILURE_OF_CODE = new Map<number, StoreFailure>(
  Object.entries(CODES).flatMap(([failure, codes]) => codes.map((code) => [code, failure as StoreFailure] as const)),
);

/** Advice for an operator; the other failures pass by themselves, or say it in ClickHouse's own words. */
const ADVICE: Partial<Record<StoreFailure, string>> = {
  'out-of-space': "make room on ClickHouse's disk, or keep less (clickhouse.retention)",
  'read-only': 'let the user write (readonly = 0 in its profile); for a replica, see to its connection to Keeper',
  'no-access': 'check clickhouse.user and clickhouse.password, and what the user is granted',
  schema: 'the database is not as this collector left it: start the collector again, which applies what is missing',
};

/** `what` says what could not be done, to what: it begins the message. */
export function toStoreError(what: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { message, code } = error as NodeJS.ErrnoException;
  if (!(error instanceof ClickHouseError)) {
    const failure = message === 'Timeout error.' ? 'timeout' : 'unreachable';
    const told = `${what}: ClickHouse did not answer: ${message || (code ?? 'no reason given')}`;
    return new StoreError(told, true, { cause: error, failure });
  }
  const failure = failureOf(error);
  const advice = ADVICE[failure];
  const detail = `${what}: ClickHouse refused (${error.type ?? 'error'} ${error.code}): ${message.trim()}`;
  return new StoreError(advice ? `${detail}; ${advice}` : detail, failure !== 'refused', { cause: error, failure });
}

function failureOf({ code, message }: ClickHouseError): StoreFailure {
  // Errors of the file system come under several codes; these are the C library's words.
  if (/No space left on device|Disk quota exceeded/.test(message)) return 'out-of-space';
  return FAILURE_OF_CODE.get(Number(code)) ?? 'failed';
}
