/**
 * ClickHouse's HTTP interface in front of the embedded engine, as far as @clickhouse/client and clickhouse-go (Grafana's
 * data source) use it: GET /ping, and statements by POST / or GET /, with settings, query parameters, compression and
 * errors as ClickHouse has them. Answers are whole, not streamed; unlike a server it runs several statements that are given
 * in one request, except for the user who may only read.
 */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable, Transform, finished } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createBrotliDecompress, createGunzip, gzip } from 'node:zlib';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authenticate } from './credentials.js';
import type { Credentials } from './credentials.js';
import type { Answer, Engine } from './engine.js';
import { ERROR, EngineError, engineError, statusOf } from './errors.js';
import { NativeError } from './native-cursor.js';
import { REVISION_WITH_CUSTOM_SERIALIZATION, forProtocol } from './native.js';
import { checkReadOnlyStatement, readOnlyPreparation } from './read-only-user.js';
import { RequestError, insertFromFile, readParameters } from './statement.js';

export interface HttpServerOptions {
  engine: Engine;
  credentials: Credentials;
  /** User who may only read. */
  reader?: Credentials | undefined;
  /** Where the data of inserts wait for the engine, one file each. */
  incoming: string;
  /** Most bytes of a statement, and of the data of an insert, after decompression. */
  limits?: { statement: number; data: number };
  /** Most statements at a time; the next is refused as ClickHouse does it. */
  statements?: number;
  /** Called with an error after which the engine must not be used any more. */
  onFatal: (error: EngineError) => void;
}

const DEFAULT_LIMITS = { statement: 16 * 1024 ** 2, data: 1024 ** 3 };
const compress = promisify(gzip);

/** Builds the interface; listening is the caller's. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const users = [
    { ...options.credentials, mayWrite: true },
    ...(options.reader ? [{ ...options.reader, mayWrite: false }] : []),
  ];
  let running = 0;
  let files = 0;
  const app = fastify({ forceCloseConnections: 'idle', requestTimeout: 0 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => {
    done(null, payload);
  });
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.url !== '/ping') authenticate(request, users);
    done();
  });
  app.setErrorHandler((error, _request, reply) => {
    const known = asEngineError(error);
    if (known.code === ERROR.ABORTED) options.onFatal(known);
    return reply
      .code(statusOf(known.code))
      .header('x-clickhouse-exception-code', String(known.code))
      .type('text/plain; charset=UTF-8')
      .send(known.message);
  });
  app.get('/ping', () => 'Ok.\n');
  app.route({
    method: ['GET', 'POST'],
    url: '/',
    handler: async (request, reply) => {
      if (running >= (options.statements ?? 100)) {
        throw engineError(ERROR.TOO_MANY_SIMULTANEOUS_QUERIES, `Too many simultaneous queries: ${running}`);
      }
      running++;
      try {
        const parameters = new URL(request.url, 'http://localhost').searchParams;
        const { mayWrite } = authenticate(request, users);
        const answered = await (mayWrite ? answer : answerReadOnly)(request, parameters);
        return await send(answered, parameters, request, reply);
      } finally {
        running--;
      }
    },
  });
  return app;

  async function answer(request: FastifyRequest, parameters: URLSearchParams): Promise<Answer> {
    const { query, format, preparation } = readParameters(parameters);
    const file = join(options.incoming, `${process.pid}-${files++}`);
    const insert = insertFromFile(query, file);
    if (insert === undefined) {
      return options.engine.run({ sql: await statementOf(request, query), format, preparation });
    }
    try {
      await pipeline(bodyOf(request, limits.data), createWriteStream(file, { mode: 0o600 }));
      return await options.engine.run({ sql: insert, format, preparation });
    } finally {
      await rm(file, { force: true });
    }
  }

  async function answerReadOnly(request: FastifyRequest, parameters: URLSearchParams): Promise<Answer> {
    const { query, format, preparation } = readParameters(parameters);
    const sql = await statementOf(request, query);
    await checkReadOnlyStatement(options.engine, sql);
    return options.engine.run({ sql, format, preparation: readOnlyPreparation(preparation) });
  }

  /** The parameter and the body, of which either may be missing. */
  async function statementOf(request: FastifyRequest, query: string): Promise<string> {
    const text = (await buffer(bodyOf(request, limits.statement))).toString();
    return query && text ? `${query}\n${text}` : query || text;
  }
}

async function send(
  answer: Answer,
  parameters: URLSearchParams,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const bytes = isOfProtocol(parameters) ? forProtocol(answer.bytes) : answer.bytes;
  const summary = {
    result_rows: String(answer.rows),
    result_bytes: String(bytes.length),
    elapsed_ns: String(Math.round(answer.seconds * 1e9)),
  };
  void reply
    .header('x-clickhouse-query-id', parameters.get('query_id') ?? request.id)
    .header('x-clickhouse-summary', JSON.stringify(summary))
    .type('text/plain; charset=UTF-8');
  const wanted = parameters.get('enable_http_compression') === '1';
  if (wanted && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
    return reply.header('content-encoding', 'gzip').send(await compress(bytes));
  }
  return reply.send(Buffer.from(bytes));
}

/** Tells whether the client expects Native as its revision of the protocol has it. */
function isOfProtocol(parameters: URLSearchParams): boolean {
  const revision = Number(parameters.get('client_protocol_version') ?? 0);
  return parameters.get('default_format') === 'Native' && revision >= REVISION_WITH_CUSTOM_SERIALIZATION;
}

/** The decompressed body, which fails when it passes the limit. */
function bodyOf(request: FastifyRequest, limit: number): Readable {
  let size = 0;
  const limited = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= limit) done(null, chunk);
      else done(engineError(ERROR.QUERY_IS_TOO_LARGE, `the body of the request exceeds ${limit} bytes`));
    },
  });
  // Fastify parses no body of a GET: its raw stream is empty.
  const body = request.body instanceof Readable ? request.body : request.raw;
  const entrance = new PassThrough();
  const steps: [Readable, ...Transform[]] = [entrance];
  const encoding = request.headers['content-encoding'];
  if (encoding === 'gzip') steps.push(createGunzip());
  else if (encoding === 'br') steps.push(createBrotliDecompress());
  else if (encoding !== undefined && encoding !== 'identity') {
    throw new RequestError(`the embedded ClickHouse does not know the content encoding ${encoding}`);
  }
  // A failed step destroys `limited`, whose reader then sees the error. The request itself is read to its end, since the
  // next one on its connection is behind it.
  pipeline([...steps, limited]).catch((error: unknown) => {
    limited.destroy(error as Error);
    body.unpipe(entrance).resume();
  });
  finished(body, (error) => {
    if (error) entrance.destroy(error);
  });
  body.pipe(entrance);
  return limited;
}

/** Turns any error into one with ClickHouse's code. */
function asEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) {
    return engineError(ERROR.NOT_ENOUGH_SPACE, `Cannot write the data of an insert: ${message}; make room on the disk`);
  }
  // zlib's codes (Z_DATA_ERROR, ERR__ERROR_FORMAT_...) and fastify's are about what was sent.
  const isTheirs = error instanceof RequestError || error instanceof NativeError || /^(Z|ERR|FST_ERR)_/.test(code);
  return engineError(isTheirs ? ERROR.BAD_ARGUMENTS : ERROR.UNKNOWN_EXCEPTION, message);
}
