/**
 * Delivers batches to a collector by `POST /v1/batches`. An answer settles each batch of a request for itself; anything
 * that is no answer is worth another attempt.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { frameBatches } from '@tcewatch/protocol';
import { verdictOf } from './http-response.js';
import { checkTls, clientTls, duration, plainUrl, post, secret } from '@tcewatch/common';
import { z } from 'zod';
import { defineTransport } from './transport.js';
import type { AttemptLimits, OutgoingBatch, Transport, Verdict } from './transport.js';

/** The section `collector` of the configuration. */
export const collectorSettings = z
  .strictObject({
    url: plainUrl().optional().describe('Base URL of the collector; batches are sent to `v1/batches` below it.'),
    token: secret().optional().describe('Bearer token that the collector asks for.'),
    timeout: duration().prefault('30s').describe('How long one request may take.'),
    gzip: z.boolean().default(true).describe('Whether batches are compressed.'),
    tls: z
      .strictObject({ ...clientTls("The agent's", 'a collector that asks for one') })
      .superRefine(checkTls)
      .prefault({}),
  })
  .prefault({});

export const http = defineTransport({
  settings: { collector: collectorSettings },
  missing: ({ collector: { url } }) =>
    url === undefined ? { path: ['collector', 'url'], fix: 'give the URL of the collector' } : undefined,
  create: ({ collector: { url, token, timeout, gzip, tls } }) => {
    if (url === undefined) throw new RangeError('the schema lets `transport: http` pass only with a collector.url');
    return new HttpTransport({
      url,
      token: token?.reveal(),
      tls: { ca: tls.ca?.reveal(), cert: tls.cert?.reveal(), key: tls.key?.reveal() },
      gzip,
      timeoutMs: timeout,
    });
  },
});

export interface HttpTransportOptions {
  /** Address of the collector; `v1/batches` is below its path. */
  url: string;
  token?: string | undefined;
  /** Certificates and key as PEM texts. */
  tls: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined };
  gzip: boolean;
  /** Most time for one attempt, in milliseconds. */
  timeoutMs: number;
}

const compress = promisify(gzip);

export class HttpTransport implements Transport {
  readonly name = 'http';
  /**
   * Limits of one attempt: a store takes batches of one insert for a fraction of what each costs alone; collectors take
   * 8 MiB by default.
   */
  readonly attemptLimits: Readonly<AttemptLimits> = { batches: 256, bytes: 4 * 1024 * 1024 };
  readonly #options: HttpTransportOptions;
  readonly #target: URL;
  readonly #agent: HttpAgent;
  readonly #headers: Record<string, string>;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#target = new URL('v1/batches', options.url.replace(/\/*$/, '/'));
    const secure = this.#target.protocol === 'https:';
    this.#agent = secure ? new HttpsAgent({ keepAlive: true, ...options.tls }) : new HttpAgent({ keepAlive: true });
    this.#headers = {
      'content-type': 'application/x-protobuf',
      ...(options.gzip && { 'content-encoding': 'gzip' }),
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
    };
  }

  async deliver(batches: readonly OutgoingBatch[], signal: AbortSignal): Promise<Verdict> {
    const { timeoutMs } = this.#options;
    const attempt = new AbortController();
    const abort = () => {
      attempt.abort();
    };
    const timeout = setTimeout(abort, timeoutMs);
    // AbortSignal.any of a signal that lives as long as the agent would leak with each attempt.
    signal.addEventListener('abort', abort);
    try {
      const framed = frameBatches(batches.map(({ bytes }) => bytes));
      const body = this.#options.gzip ? await compress(framed) : framed;
      signal.throwIfAborted();
      const traceparent = batches[0]?.traceparent;
      const headers = { ...this.#headers, ...(traceparent !== undefined && { traceparent }) };
      const request = { url: this.#target, agent: this.#agent, headers, body, signal: attempt.signal };
      return verdictOf(await post(request), Date.now(), batches.length);
    } catch (error) {
      const message = attempt.signal.aborted ? `no answer within ${timeoutMs} ms` : describe(error);
      return { kind: 'retry', afterMs: 0, message };
    } finally {
      clearTimeout(timeout);
      signal.removeEventListener('abort', abort);
    }
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }
}

/**
 * Describes an error. Node reports a refused connection to a name with several addresses as an AggregateError without a
 * message.
 */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
