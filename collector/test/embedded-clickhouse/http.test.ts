/** The interface in front of an engine that only notes what it is asked. */
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer, Statement } from '../../src/embedded-clickhouse/engine.js';
import { ERROR, EngineError, engineError } from '../../src/embedded-clickhouse/errors.js';
import { createHttpServer } from '../../src/embedded-clickhouse/http.js';

const authorization = `Basic ${Buffer.from('u:secret:with colon').toString('base64')}`;
let incoming: Awaited<ReturnType<typeof temporaryDirectory>>;
let face: FastifyInstance;
let statements: Statement[];
let files: string[];
let run: (statement: Statement) => Promise<Answer>;
const onFatal = vi.fn();

beforeEach(async () => {
  incoming = await temporaryDirectory();
  statements = [];
  files = [];
  run = () => Promise.resolve({ bytes: Buffer.from('1\n'), rows: 3, seconds: 0.25 });
  onFatal.mockReset();
  face = createHttpServer({
    engine: {
      run: (statement) => {
        statements.push(statement);
        const file = /INFILE '(.*?)'/.exec(statement.sql)?.[1];
        if (file) files.push(readFileSync(file, 'utf8'));
        return run(statement);
      },
      close: () => Promise.resolve(),
    },
    credentials: { username: 'u', password: 'secret:with colon' },
    incoming: incoming.path,
    limits: { statement: 100, data: 1000 },
    statements: 2,
    onFatal,
  });
});

afterEach(async () => {
  await face.close();
  await incoming.remove();
});

function post(query: Record<string, string>, body: string | Buffer, headers = {}): Promise<LightMyRequestResponse> {
  const options: InjectOptions = { method: 'POST', url: '/', query, body, headers: { authorization, ...headers } };
  return face.inject(options);
}

describe('statements', () => {
  it('come in the body, in the parameter, or partly in each', async () => {
    await post({}, 'SELECT 1');
    await face.inject({ url: '/', query: { query: 'SELECT 2' }, headers: { authorization } });
    await post({ query: 'INSERT INTO t VALUES' }, '(1)');
    expect(statements.map(({ sql }) => sql)).toEqual(['SELECT 1', 'SELECT 2', 'INSERT INTO t VALUES\n(1)']);
  });

  it('are answered with query id, summary and the bytes of the engine', async () => {
    const response = await post({ query_id: 'q-1', max_threads: '1', database: 'd' }, 'SELECT 1');
    expect(response.statusCode).toBe(200);
    expect(response.body).toBe('1\n');
    expect(response.headers).toMatchObject({
      'x-clickhouse-query-id': 'q-1',
      'x-clickhouse-summary': '{"result_rows":"3","result_bytes":"2","elapsed_ns":"250000000"}',
    });
    expect(statements[0]?.preparation).toEqual(["SET max_threads = '1'", 'USE `d`']);
  });

  it('are answered compressed where that is asked for', async () => {
    const headers = { 'accept-encoding': 'gzip' };
    const response = await post({ enable_http_compression: '1' }, 'SELECT 1', headers);
    expect(response.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(response.rawPayload).toString()).toBe('1\n');
    expect((await post({}, 'SELECT 1', headers)).headers['content-encoding']).toBeUndefined();
  });

  it('are refused beyond the number that may run at a time', async () => {
    let finish: (answer: Answer) => void = () => undefined;
    const answer = new Promise<Answer>((resolve) => (finish = resolve));
    run = () => answer;
    const running = [post({}, 'SELECT 1'), post({}, 'SELECT 2')];
    await vi.waitFor(() => {
      expect(statements).toHaveLength(2);
    });
    const refused = await post({}, 'SELECT 3');
    expect(refused.headers['x-clickhouse-exception-code']).toBe(String(ERROR.TOO_MANY_SIMULTANEOUS_QUERIES));
    finish({ bytes: Buffer.of(), rows: 0, seconds: 0 });
    expect((await Promise.all(running)).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
  });
});

describe('data of inserts', () => {
  const query = { query: 'INSERT INTO t FORMAT CSV' };

  it.each([
    ['as they are', '1,2\n', {}],
    ['by gzip', gzipSync('1,2\n'), { 'content-encoding': 'gzip' }],
    ['by brotli', brotliCompressSync('1,2\n'), { 'content-encoding': 'br' }],
  ])('reach the engine in a file that is gone afterwards: %s', async (_, body, headers) => {
    expect((await post(query, body, headers)).statusCode).toBe(200);
    expect(files).toEqual(['1,2\n']);
    expect(readdirSync(incoming.path)).toEqual([]);
  });

  it('that are refused do not stand in the way of what follows on their connection', async () => {
    const origin = await face.listen({ host: '127.0.0.1', port: 0 });
    const client = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = async (query: string, body: Buffer): Promise<number | undefined> => {
      const url = `${origin}/?${new URLSearchParams({ query }).toString()}`;
      const asked = request(url, { method: 'POST', agent: client, headers: { authorization } }).end(body);
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      await once(response.resume(), 'end');
      return response.statusCode;
    };
    // More than is read at a time, so that some of it is not read yet when it is refused.
    expect(await ask('INSERT INTO t FORMAT RowBinary', Buffer.alloc(512 * 1024))).toBe(413);
    expect(await ask('SELECT 1', Buffer.alloc(0))).toBe(200);
    client.destroy();
  });

  it('are limited after decompression, and then nothing is inserted', async () => {
    const response = await post(query, gzipSync('1'.repeat(100_000)), { 'content-encoding': 'gzip' });
    expect(response.statusCode).toBe(413);
    expect(response.body).toContain('exceeds 1000 bytes');
    expect(statements).toEqual([]);
    expect(readdirSync(incoming.path)).toEqual([]);
  });

  it('are refused when they do not decompress', async () => {
    expect((await post(query, 'not gzip', { 'content-encoding': 'gzip' })).statusCode).toBe(400);
    expect((await post(query, 'x', { 'content-encoding': 'lzma' })).body).toContain('content encoding lzma');
    expect(statements).toEqual([]);
  });
});

describe('errors', () => {
  it('have the status, code and words of ClickHouse', async () => {
    run = () => Promise.reject(new EngineError(60, 'Code: 60. DB::Exception: no such table. (UNKNOWN_TABLE)'));
    const response = await post({}, 'SELECT * FROM t');
    expect(response.statusCode).toBe(404);
    expect(response.headers['x-clickhouse-exception-code']).toBe('60');
    expect(response.body).toBe('Code: 60. DB::Exception: no such table. (UNKNOWN_TABLE)');
    expect(onFatal).not.toHaveBeenCalled();
  });

  it('tell when the engine is done for', async () => {
    run = () => Promise.reject(engineError(ERROR.ABORTED, 'server is shutting down'));
    expect((await post({}, 'SELECT 1')).statusCode).toBe(500);
    expect(onFatal).toHaveBeenCalledOnce();
  });

  it('come of a statement that is too long', async () => {
    expect((await post({}, 'SELECT 1 '.repeat(100))).statusCode).toBe(413);
  });
});

describe('authentication', () => {
  it('is not needed for a ping', async () => {
    expect((await face.inject('/ping')).body).toBe('Ok.\n');
  });

  it.each([
    ['nothing', {}, {}],
    ['a wrong password', { authorization: `Basic ${Buffer.from('u:secret').toString('base64')}` }, {}],
    ['a wrong user', { 'x-clickhouse-user': 'v', 'x-clickhouse-key': 'secret:with colon' }, {}],
    ['a path beside the ping', {}, { x: '/ping' }],
  ])('refuses %s', async (_, headers, query) => {
    const response = await face.inject({ method: 'POST', url: '/', headers, query, body: 'SELECT 1' });
    expect(response.statusCode).toBe(403);
    expect(response.body).toContain('(AUTHENTICATION_FAILED)');
    expect(statements).toEqual([]);
  });

  it.each([
    ['headers', { 'x-clickhouse-user': 'u', 'x-clickhouse-key': 'secret:with colon' }, {}],
    ['parameters', {}, { user: 'u', password: 'secret:with colon' }],
  ])('accepts %s', async (_, headers, query) => {
    const response = await face.inject({ method: 'POST', url: '/', headers, query, body: 'SELECT 1' });
    expect(response.statusCode).toBe(200);
    expect(statements[0]?.preparation).toEqual([]);
  });
});
