/** Errors of the wire format. */

export const BATCH_ERROR_CODES = ['too-large', 'malformed', 'unsupported-version', 'invalid'] as const;

export type BatchErrorCode = (typeof BATCH_ERROR_CODES)[number];

/** A batch that cannot be read; `field` says where, the message says what and what to do. */
export class BatchError extends Error {
  override readonly name = 'BatchError';

  constructor(
    readonly code: BatchErrorCode,
    readonly field: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`batch ${code}: ${field}: ${message}`, options);
  }
}
