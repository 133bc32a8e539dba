/** Refusals of batches, as the sender is told of them: status, code, words. */
import { BatchError } from '@tcewatch/protocol';
import type { FastifyError } from 'fastify';
import type { ErrorCode } from '../errors.js';
import { StoreError } from '../model.js';

export interface Refusal {
  status: number;
  /** Code of the error, and outcome in the collector's metrics. */
  code: ErrorCode;
  message: string;
  /** Field of the batch, where one is to blame. */
  field?: string;
  /** Seconds after which the same may be taken. */
  retryAfter?: number;
}

/** Refusal on the way in, before there is a batch. */
export class BatchRefusedError extends Error {
  override readonly name = 'BatchRefusedError';

  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

const RETRY_SECONDS = 5;

/** The part of an answer's body that says why. */
export function told({ code, field, message }: Refusal): { error: ErrorCode; field?: string; message: string } {
  return { error: code, ...(field !== undefined && { field }), message };
}

/** Makes a refusal of any error; what is not the sender's fault is told without detail. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof BatchRefusedError) return error.refusal;
  if (error instanceof BatchError) {
    const { code, field, message } = error;
    return { status: code === 'too-large' ? 413 : 400, code, field, message };
  }
  if (error instanceof StoreError && error.transient) {
    const message = 'ClickHouse does not take rows now; send the same again later';
    return { status: 503, code: 'store-unavailable', message, retryAfter: RETRY_SECONDS };
  }
  if (error instanceof StoreError) {
    return { status: 500, code: 'store-failed', message: 'ClickHouse refused the rows; see the log of the collector' };
  }
  const { statusCode = 500, message } = error as FastifyError;
  if (statusCode === 401) return { status: 401, code: 'unauthorized', message: 'give the token of this collector' };
  if (statusCode === 413) return { status: 413, code: 'too-large', message: 'the body exceeds intake.maxBytes' };
  if (statusCode === 415) {
    return { status: 415, code: 'unsupported-media-type', message: 'the body must be application/x-protobuf' };
  }
  if (statusCode < 500) return { status: statusCode, code: 'malformed', message };
  return { status: 500, code: 'internal', message: 'the collector failed; see its log' };
}

export function overloaded(): BatchRefusedError {
  return new BatchRefusedError({
    status: 503,
    code: 'overloaded',
    message: 'too many batches are in flight; send the same again later',
    retryAfter: RETRY_SECONDS,
  });
}
