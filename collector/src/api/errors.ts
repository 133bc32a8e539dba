/** Errors of the HTTP interface as JSON. */
import type { FastifyInstance } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { errorAnswer } from '../errors.js';
import { StoreError } from '../model.js';

/** Error for something that was asked for and is not there. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    if (hasZodFastifySchemaValidationErrors(error)) {
      const [first] = error.validation;
      const field = first?.instancePath.replace(/^\//, '').replaceAll('/', '.') ?? '';
      return reply
        .code(400)
        .send(errorAnswer({ code: 'invalid', field, message: `${field}: ${first?.message ?? ''}` }));
    }
    if (error instanceof NotFoundError) {
      return reply.code(404).send(errorAnswer({ code: 'not-found', message: error.message }));
    }
    if (error instanceof StoreError) {
      request.log.error({ err: error }, 'a question was not answered');
      const [status, code] = error.transient ? ([503, 'store-unavailable'] as const) : ([500, 'store-failed'] as const);
      return reply.code(status).send(errorAnswer({ code, message: 'ClickHouse does not answer this; see the log' }));
    }
    const { statusCode = 500, message } = error as { statusCode?: number; message: string };
    if (statusCode === 401) {
      return reply.code(401).send(errorAnswer({ code: 'unauthorized', message: 'give the token of the read API' }));
    }
    if (statusCode < 500) return reply.code(statusCode).send(errorAnswer({ code: 'invalid', message: message }));
    request.log.error({ err: error }, 'a question failed');
    return reply.code(500).send(errorAnswer({ code: 'internal', message: 'the collector failed; see its log' }));
  });
}
