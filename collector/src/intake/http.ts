/**
 * POST /v1/batches: bytes to batch to pipeline. Answers 202 when the pipeline has made the batch durable, else says why
 * not. Whatever a peer sends, memory stays within the budget and the process lives.
 */
import { gunzipSync } from 'node:zlib';
import bearerAuth from '@fastify/bearer-auth';
import type { Secret } from '@tcewatch/config';
import { DEFAULT_LIMITS, decodeBatch } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { Budget } from './budget.js';
import { RefusedError, overloaded, refusalOf } from './refusal.js';
import type { Refusal } from './refusal.js';

export interface IntakeOptions {
  accept: (batch: Batch) => Promise<void>;
  /** Absent: anybody who can connect may send. */
  token?: Secret | undefined;
  /** Bytes of one batch, compressed and decompressed. */
  maxBytes: number;
  budget: Budget;
  /** Told of every request. */
  count: (outcome: 'accepted' | Refusal) => void;
}

export const httpIntake: FastifyPluginAsync<IntakeOptions> = async (app, options) => {
  const { accept, token, maxBytes, budget, count } = options;

  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    count(refusal);
    if (refusal.status >= 500) request.log.error({ err: error }, 'a batch was not taken');
    else request.log.warn({ code: refusal.code, field: refusal.field, reason: refusal.message }, 'a batch was refused');
    if (refusal.retryAfter !== undefined) void reply.header('retry-after', refusal.retryAfter);
    // Of a body that was not read the rest would be taken for the next request.
    if (!request.raw.complete) void reply.header('connection', 'close');
    const { status, code, field, message } = refusal;
    return reply.code(status).send({ error: code, ...(field !== undefined && { field }), message });
  });

  if (token) {
    await app.register(bearerAuth, { keys: [token.reveal()], addHook: false, verifyErrorLogLevel: 'debug' });
    app.addHook('onRequest', (request, reply, done) => {
      app.verifyBearerAuth?.(request, reply, done);
    });
  }

  // The body is reserved for before it is read; without a length it may be as large as any.
  app.addHook('onRequest', (request, reply, done) => {
    const bytes = Math.min(Number(request.headers['content-length'] ?? maxBytes), maxBytes);
    if (!budget.take(bytes)) {
      done(overloaded());
      return;
    }
    reply.raw.once('close', () => {
      budget.giveBack(bytes);
    });
    done();
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/x-protobuf', { parseAs: 'buffer', bodyLimit: maxBytes }, (_, body, done) => {
    done(null, body);
  });

  app.post('/v1/batches', { schema: { hide: true } }, async (request, reply) => {
    const bytes = decompress(request, maxBytes);
    if (!budget.take(bytes.length)) throw overloaded();
    try {
      await accept(decodeBatch(bytes, { ...DEFAULT_LIMITS, bytes: maxBytes }));
    } finally {
      budget.giveBack(bytes.length);
    }
    count('accepted');
    return reply.code(202).send({ accepted: true });
  });
};

/** The body as it was before it was compressed, never more than `maxBytes` of it. */
function decompress({ body, headers }: FastifyRequest, maxBytes: number): Uint8Array {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return bytes;
  if (encoding !== 'gzip') {
    const message = 'the content encoding must be gzip or none';
    throw new RefusedError({ status: 415, code: 'unsupported-encoding', message });
  }
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const message = `the body has more than ${maxBytes} bytes when it is decompressed`;
      throw new RefusedError({ status: 413, code: 'too-large', message });
    }
    throw new RefusedError({ status: 400, code: 'malformed', message: 'the body is no gzip' });
  }
}
