import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Secret } from '@tcewatch/common';
import { encodeBatch, frameBatches } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { batchOf } from '@tcewatch/testing/batches';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createBudget, httpIntake } from '../../src/intake/http.js';
import type { IntakeOptions } from '../../src/intake/http.js';
import { StoreError } from '../../src/model.js';

const encoded = encodeBatch(batchOf({ uptime: 10, vms: [{ name: 'a', counts: { H_PUT_TCE: { entered: 7 } } }] }));
const framed = (...frames: Uint8Array[]) => Buffer.from(frameBatches(frames));
const bytes = framed(encoded);
const MAX_BYTES = 4096;

let app: FastifyInstance | undefined;
afterEach(() => app?.close());

async function intake(given: Partial<IntakeOptions> = {}) {
  const taken: Batch[] = [];
  const outcomes: string[] = [];
  const budget = given.budget ?? createBudget(4 * MAX_BYTES);
  app = fastify();
  await app.register(httpIntake, {
    check: () => undefined,
    accept: (batches) => {
      taken.push(...batches);
      return Promise.resolve();
    },
    maxBytes: MAX_BYTES,
    budget,
    count: (outcome, batches) => {
      for (let i = 0; i < batches; i++) outcomes.push(outcome === 'accepted' ? outcome : outcome.code);
    },
    ...given,
  });
  const server = app;
  const post = (payload: Buffer | undefined, headers: Record<string, string> = {}) =>
    server.inject({
      method: 'POST',
      url: '/v1/batches',
      headers: { 'content-type': 'application/x-protobuf', ...headers },
      ...(payload && { payload }),
    });
  return { post, taken, outcomes, budget, server };
}

describe('POST /v1/batches', () => {
  it('takes a batch, compressed or not', async () => {
    const { post, taken, outcomes, budget } = await intake();
    const plain = await post(bytes);
    expect([plain.statusCode, plain.json()]).toEqual([202, { accepted: 1, refused: [] }]);
    expect((await post(gzipSync(bytes), { 'content-encoding': 'gzip' })).statusCode).toBe(202);
    expect(taken.map((batch) => batch.host.id)).toEqual(['h', 'h']);
    expect(outcomes).toEqual(['accepted', 'accepted']);
    expect(budget.inUse()).toBe(0);
  });

  it('goes on with the trace that the request tells of, for batches of that trace', async () => {
    const [own, other] = ['1', '2'].map((digit) => `00-${digit.repeat(32)}-${'a'.repeat(16)}-01`);
    const batches = [own, other, undefined].map((traceparent) =>
      Buffer.from(
        encodeBatch({ ...batchOf({ uptime: 1, vms: [] }), ...(traceparent !== undefined && { traceparent }) }),
      ),
    );
    const { post, taken } = await intake();
    const delivery = `00-${'1'.repeat(32)}-${'b'.repeat(16)}-01`;
    await post(framed(...batches), { traceparent: delivery });
    await post(framed(...batches), { traceparent: 'no traceparent' });
    expect(taken.map(({ traceparent }) => traceparent)).toEqual([delivery, other, undefined, own, other, undefined]);
  });

  it.each<[string, Buffer | undefined, Record<string, string>, number, string]>([
    ['no bytes', undefined, {}, 400, 'malformed'],
    ['bytes that are no batch', Buffer.from('hello'), {}, 400, 'malformed'],
    ['half a request', bytes.subarray(0, bytes.length / 2), {}, 400, 'malformed'],
    ['half a batch', framed(encoded.subarray(0, encoded.length / 2)), {}, 400, 'malformed'],
    ['more batches than the limit', Buffer.alloc(1025), {}, 413, 'too-large'],
    ['another media type', bytes, { 'content-type': 'application/json' }, 415, 'unsupported-media-type'],
    ['another encoding', bytes, { 'content-encoding': 'br' }, 415, 'unsupported-encoding'],
    ['gzip that is none', bytes, { 'content-encoding': 'gzip' }, 400, 'malformed'],
    ['half a gzip', gzipSync(bytes).subarray(0, 40), { 'content-encoding': 'gzip' }, 400, 'malformed'],
    ['more than the limit', Buffer.alloc(MAX_BYTES + 1), {}, 413, 'too-large'],
    ['a gzip bomb', gzipSync(Buffer.alloc(3_000_000)), { 'content-encoding': 'gzip' }, 413, 'too-large'],
  ])('refuses %s', async (_, payload, headers, status, code) => {
    const { post, taken, outcomes, budget } = await intake();
    const response = await post(payload, headers);
    expect([response.statusCode, response.json<{ error: string }>().error]).toEqual([status, code]);
    expect(outcomes).toEqual([code]);
    expect(taken).toEqual([]);
    expect(budget.inUse()).toBe(0);
  });

  it('names the field that is wrong', async () => {
    const { post } = await intake();
    const batch = batchOf({ uptime: 10, vms: [] });
    const response = await post(framed(encodeBatch({ ...batch, host: { ...batch.host, id: '' } })));
    const refusal = { error: 'invalid', field: 'host.id', message: 'batch invalid: host.id: is missing' };
    expect([response.statusCode, response.json()]).toEqual([400, { ...refusal, refused: [{ index: 0, ...refusal }] }]);
  });

  it('refuses a batch that needs a newer reader', async () => {
    const { post } = await intake();
    // Field 2, oldest_reader, is said once more; the last one counts.
    const response = await post(framed(Buffer.concat([encoded, Buffer.from([0x10, 99])])));
    expect([response.statusCode, response.json()]).toMatchObject([400, { error: 'unsupported-version' }]);
  });

  it('lets nobody in without the token', async () => {
    const { post, outcomes, taken } = await intake({ token: new Secret('right') });
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'right' }] as Record<
      string,
      string
    >[]) {
      const response = await post(bytes, headers);
      expect([response.statusCode, response.json()]).toMatchObject([401, { error: 'unauthorized' }]);
    }
    expect(taken).toEqual([]);
    expect((await post(bytes, { authorization: 'Bearer right' })).statusCode).toBe(202);
    expect(outcomes).toEqual(['unauthorized', 'unauthorized', 'unauthorized', 'accepted']);
  });

  it.each<[StoreError, number, string, string | undefined]>([
    [new StoreError('no connection', true), 503, 'store-unavailable', '5'],
    [new StoreError('no such table', false), 500, 'store-failed', undefined],
  ])('does not take what the store has not: %s', async (error, status, code, retryAfter) => {
    const { post, outcomes, budget } = await intake({ accept: () => Promise.reject(error) });
    const response = await post(bytes);
    expect([response.statusCode, response.headers['retry-after']]).toEqual([status, retryAfter]);
    expect(response.json()).toMatchObject({ error: code });
    expect(outcomes).toEqual([code]);
    expect(budget.inUse()).toBe(0);
  });

  it('tells senders to come later while the batches in flight fill the budget', async () => {
    const waiting: (() => void)[] = [];
    const { post } = await intake({
      budget: createBudget(3 * bytes.length),
      accept: () => new Promise((resolve) => waiting.push(resolve)),
    });
    const first = post(bytes);
    await expect.poll(() => waiting.length).toBe(1);
    const second = await post(bytes);
    expect([second.statusCode, second.headers['retry-after'], second.json()]).toMatchObject([
      503,
      '5',
      { error: 'overloaded' },
    ]);
    waiting.forEach((resolve) => {
      resolve();
    });
    expect((await first).statusCode).toBe(202);
    const third = post(bytes);
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.();
    expect((await third).statusCode).toBe(202);
  });

  it('gives the budget back when a sender goes away in the middle', async () => {
    const { server, budget } = await intake();
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': '1000' };
    const sender = request({ port, path: '/v1/batches', method: 'POST', headers });
    sender.on('error', () => undefined);
    sender.write('half');
    await expect.poll(() => budget.inUse()).toBe(1000);
    sender.destroy();
    await expect.poll(() => budget.inUse()).toBe(0);
  });

  it('answers any bytes with 202 or 4xx', async () => {
    const { post } = await intake();
    const two = framed(encoded, encoded);
    const damaged = fc
      .array(fc.tuple(fc.nat({ max: two.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 })
      .map((changes) => {
        const copy = Buffer.from(two);
        for (const [at, byte] of changes) copy[at] = byte;
        return copy;
      });
    const any = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, any), fc.boolean(), async (payload, zipped) => {
        const response = await post(payload, zipped ? { 'content-encoding': 'gzip' } : {});
        expect([202, 400, 413]).toContain(response.statusCode);
      }),
    );
  });
});
