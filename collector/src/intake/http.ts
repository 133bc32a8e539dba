/**
 * POST /v1/batches: bytes to batches to pipeline. Answers 202 when the pipeline has made the good ones of a request
 * durable, and says why the others are not taken. Whatever a peer sends, memory stays within the budget and the process
 * lives.
 */
import { gunzipSync } from 'node:zlib';
import type { Secret } from '@tcewatch/common';
import { DEFAULT_LIMITS, continueTrace, splitBatches } from '@tcewatch/protocol';
import type { Batch, BatchLimits } from '@tcewatch/protocol';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { requireToken } from '../bearer-auth.js';
import type { Budget } from './budget.js';
import { decodeBatches } from './decode.js';
import type { RefusedBatch } from './decode.js';
import { BatchRefusedError, overloaded, refusalOf, told } from './refusal.js';
import type { Refusal } from './refusal.js';

export interface IntakeOptions {
  /** Throws BatchError for a batch that is well formed but can never be stored. */
  check: (batch: Batch) => void;
  /** Makes all of the batches durable. */
  accept: (batches: readonly Batch[]) => Promise<void>;
  /** Token that senders must give. Default: none, anybody who can connect may send. */
  token?: Secret | undefined;
  /** Bytes of one request, compressed and decompressed. */
  maxBytes: number;
  budget: Budget;
  /** Called for every batch; a request that is refused as a whole counts as one. */
  count: (outcome: 'accepted' | Refusal, batches: number) => void;
}

export const httpIntake: FastifyPluginAsync<IntakeOptions> = async (app, options) => {
  const { check, accept, token, maxBytes, budget, count } = options;
  const limits = { ...DEFAULT_LIMITS, bytes: maxBytes };

  /** Answers for batches none of which was taken. */
  function fail(error: unknown, batches: number, request: FastifyRequest, reply: FastifyReply): void {
    const refusal = refusalOf(error);
    count(refusal, batches);
    const { status, code, field, retryAfter } = refusal;
    if (status === 500) request.log.error({ err: error, batches }, 'batches were not taken');
    else request.log.warn({ code, field, reason: (error as Error).message, batches }, 'batches were not taken');
    if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
    // Of a body that was not read the rest would be taken for the next request.
    if (!request.raw.complete) void reply.header('connection', 'close');
    void reply.code(status).send(told(refusal));
  }

  /** Answers for each batch of a request whose good ones are durable. */
  function answer(
    accepted: number,
    refused: readonly RefusedBatch[],
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    if (accepted > 0) count('accepted', accepted);
    for (const one of refused) count(one, 1);
    const [first] = refused;
    if (first) {
      const { code, field, message: reason } = first;
      // One line for a request, whatever the number of its batches.
      request.log.warn({ code, field, reason, batches: refused.length }, 'batches were not taken');
    }
    const list = refused.map((one) => ({ index: one.index, ...told(one) }));
    if (first && accepted === 0) void reply.code(first.status).send({ ...told(first), refused: list });
    else void reply.code(202).send({ accepted, refused: list });
  }

  app.setErrorHandler((error, request, reply) => {
    fail(error, 1, request, reply);
  });

  await requireToken(app, token);

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

  app.post('/v1/batches', async (request, reply) => {
    const bytes = decompress(request, maxBytes);
    if (!budget.take(bytes.length)) throw overloaded();
    try {
      const { batches, refused } = decodeBatches(splitBody(bytes, limits), limits, check);
      try {
        const traceparent = request.headers['traceparent']?.toString();
        if (batches.length > 0) await accept(batches.map((batch) => continueTrace(batch, traceparent)));
        answer(batches.length, refused, request, reply);
      } catch (error) {
        fail(error, batches.length, request, reply);
      }
    } finally {
      budget.giveBack(bytes.length);
    }
    return reply;
  });
};

function splitBody(bytes: Uint8Array, limits: Readonly<BatchLimits>): Uint8Array[] {
  const frames = splitBatches(bytes, limits);
  if (frames.length > 0) return frames;
  throw new BatchRefusedError({ status: 400, code: 'malformed', message: 'the body holds no batch' });
}

/** The body as it was before it was compressed, never more than `maxBytes` of it. */
function decompress({ body, headers }: FastifyRequest, maxBytes: number): Uint8Array {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return bytes;
  if (encoding !== 'gzip') {
    const message = 'the content encoding must be gzip or none';
    throw new BatchRefusedError({ status: 415, code: 'unsupported-encoding', message });
  }
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const message = `the body has more than ${maxBytes} bytes when it is decompressed`;
      throw new BatchRefusedError({ status: 413, code: 'too-large', message });
    }
    throw new BatchRefusedError({ status: 400, code: 'malformed', message: 'the body is no gzip' });
  }
}
