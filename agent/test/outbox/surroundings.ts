/** A collector that answers as a test says, a transport to it, and an outbox in front of that. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { splitBatches } from '@tcewatch/protocol';
import { afterEach } from 'vitest';
import { HttpTransport } from '../../src/transport/http.js';
import type { HttpTransportOptions } from '../../src/transport/http.js';
import { DurableOutbox } from '../../src/outbox/durable.js';
import type { DurableOutboxOptions } from '../../src/outbox/durable.js';
import type { EncodedBatch, Transport } from '../../src/transport/transport.js';
import { collectLog } from '../log/collect.js';

export interface Received {
  path: string | undefined;
  headers: IncomingMessage['headers'];
  /** Sequence numbers of the batches. */
  sequences: number[];
}
export type Handler = (received: Received, response: ServerResponse, attempt: number) => void;

export const never = new AbortController().signal;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export async function listen(server: Server, scheme = 'http'): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** `received` holds what came, in order. */
export async function serve(handler: Handler): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      const { url: path, headers } = request;
      const sent = Buffer.concat(chunks);
      const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      const sequences = splitBatches(body).map((frame) => Buffer.from(frame).readUInt16LE());
      const one = { path, headers, sequences };
      received.push(one);
      handler(one, response, received.length);
    });
  });
  return { url: await listen(server), received };
}

export const accept: Handler = (_, response) => response.writeHead(202).end();

export function transportTo(url: string, options: Partial<HttpTransportOptions> = {}): HttpTransport {
  const transport = new HttpTransport({ url, tls: {}, gzip: true, timeoutMs: 30_000, ...options });
  closers.push(() => transport.close());
  return transport;
}

/** Makes an outbox in memory, in order and at any rate, unless the options say otherwise. Its sleep takes no time. */
export function outboxTo(transport: Transport, options: Partial<DurableOutboxOptions> = {}) {
  const { log, lines, firstLine } = collectLog();
  const slept: number[] = [];
  const sleep = (milliseconds: number) => {
    slept.push(milliseconds);
    return Promise.resolve();
  };
  const outbox = new DurableOutbox({
    transport,
    directory: undefined,
    bytes: 100 * 1024 * 1024,
    catchUp: undefined,
    backoff: { firstMs: 0, longestMs: 0 },
    pace: { now: () => performance.now(), sleep },
    wallMs: () => Date.now(),
    log,
    ...options,
  });
  closers.push(() => outbox.close());
  return { outbox, lines, firstLine, slept };
}

/** A batch of which nothing matters but its sequence number and its size. */
export function batch(sequence: number, epoch = 'a', size = 2): EncodedBatch {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt16LE(sequence);
  return { bytes, hostId: 'h', epoch, takenMs: sequence * 1000 };
}

export const sequenceOf = ({ bytes }: Pick<EncodedBatch, 'bytes'>) => Buffer.from(bytes).readUInt16LE();
