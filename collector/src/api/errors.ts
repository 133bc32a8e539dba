/** Errors of the HTTP interface as JSON. */
import type { FastifyInstance } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { ErrorCode } from '../errors.js';
import { StoreError } from '../model.js';

/** Error for something that was asked for and is not there. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** The body of an answer that is an error. */
export function errorAnswer(error: ErrorCode, message: string, field?: string) {
  return { error, ...(field !== undefined && { field }), message };
}

export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    if (hasZodFastifySchemaValidationErrors(error)) {
      const [first] = error.validation;
      const field = first?.instancePath.replace(/^\//, '').replaceAll('/', '.') ?? '';
      return reply.code(400).send(errorAnswer('invalid', `${field}: ${first?.message ?? ''}`, field));
    }
    if (error instanceof NotFoundError) {
      return reply.code(404).send(errorAnswer('not-found', error.message));
    }
    if (error instanceof StoreError) {
      request.log.error({ err: error }, 'a question was not answered');
      const [status, code] = error.transient ? ([503, 'store-unavailable'] as const) : ([500, 'store-failed'] as const);
      return reply.code(status).send(errorAnswer(code, 'ClickHouse does not answer this; see the log'));
    }
    const { statusCode = 500, message } = error as { statusCode?: number; message: string };
    if (statusCode === 401) {
      return reply.code(401).send(errorAnswer('unauthorized', 'give the token of the read API'));
    }
    if (statusCode < 500) return reply.code(statusCode).send(errorAnswer('invalid', message));
    request.log.error({ err: error }, 'a question failed');
    return reply.code(500).send(errorAnswer('internal', 'the collector failed; see its log'));
  });
}
