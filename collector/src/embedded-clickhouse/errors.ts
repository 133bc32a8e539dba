/** ClickHouse's error codes and the HTTP status that ClickHouse gives with them. */

/** Error codes that this code raises or looks for, from src/Common/ErrorCodes.cpp. */
export const ERROR = {
  BAD_ARGUMENTS: 36,
  READONLY: 164,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  ABORTED: 236,
  NOT_ENOUGH_SPACE: 243,
  QUERY_IS_TOO_LARGE: 561,
  AUTHENTICATION_FAILED: 516,
  UNKNOWN_EXCEPTION: 1002,
} as const;

/** src/Server/HTTP/exceptionCodeToHTTPStatus.cpp, as far as the embedded engine raises them; all others are 500. */
const STATUS = new Map<number, number>([
  ...each(403, [ERROR.AUTHENTICATION_FAILED, ERROR.READONLY, 497]),
  // Parse, syntax and type errors.
  ...each(400, [ERROR.BAD_ARGUMENTS, 6, 26, 27, 38, 41, 42, 43, 53, 62, 69, 70, 72, 117, 456, 457]),
  // Unknown or already existing tables, functions, identifiers, types, storages, databases, settings, formats.
  ...each(404, [16, 46, 47, 50, 56, 60, 63, 73, 81, 82, 57, 115]),
  ...each(413, [ERROR.QUERY_IS_TOO_LARGE]),
  ...each(501, [48]),
]);

/** The status for an error code. */
export function statusOf(code: number): number {
  return STATUS.get(code) ?? 500;
}

/** A statement that the engine refused or could not finish. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    /** ClickHouse's error code. */
    readonly code: number,
    /** Message in ClickHouse's form: `Code: 62. DB::Exception: ... (SYNTAX_ERROR)`. */
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** An error of ours in ClickHouse's form. */
export function engineError(code: (typeof ERROR)[keyof typeof ERROR], message: string): EngineError {
  const name = Object.entries(ERROR).find(([, known]) => known === code)?.[0];
  return new EngineError(code, `Code: ${code}. DB::Exception: ${message}. (${name ?? 'UNKNOWN_EXCEPTION'})`);
}

function each(status: number, codes: number[]): [number, number][] {
  return codes.map((code) => [code, status]);
}
