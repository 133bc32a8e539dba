/**
 * One HTTP POST with client certificates, a bound on time and on the answer's size; no retries, no redirects. Node's
 * own client rather than `fetch`, which takes neither certificates nor a private authority.
 */
import type { Agent, IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** The most of an answer that is read; it carries the messages of errors, at most one for each batch of a request. */
const ANSWER_BYTES = 1024 * 1024;

export interface PostRequest {
  url: URL;
  agent: Agent;
  headers: Record<string, string>;
  body: Uint8Array;
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  retryAfter: string | undefined;
  text: string;
}

/** Resolves with any answer that has a status; rejects when there is none, or when the signal is aborted first. */
export function post({ url, agent, headers, body, signal }: PostRequest): Promise<Answer> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers, signal }, (response) => {
      readText(response).then((text) => {
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], text });
      }, reject);
    });
    sent.on('error', reject);
    sent.setHeader('content-length', body.length);
    sent.end(body);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
