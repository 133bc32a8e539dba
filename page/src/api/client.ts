/** Asks the collector that served the page, and nobody else. */

const TOKEN = 'tcewatch.token';

/** The collector wants a token, or another one. */
export class UnauthorizedError extends Error {
  override readonly name = 'UnauthorizedError';
}

export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** Kept as long as the tab is open and the collector does not refuse it, and in no address. */
export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

export interface Answer<T> {
  body: T;
  etag: string | null;
}

/**
 * The answer to `GET path`. With the `known` one, that itself where the collector says that nothing has changed. Rejects
 * with UnauthorizedError, with AnswerError in the collector's words, or with what the network failed of.
 */
export async function ask<T>(path: string, signal: AbortSignal, known?: Answer<T>): Promise<Answer<T>> {
  const response = await get(path, signal, known?.etag ? { 'if-none-match': known.etag } : {});
  if (response.status === 304 && known) return known;
  return { body: (await response.json()) as T, etag: response.headers.get('etag') };
}

/** The bytes of an answer without end; rejects as `ask` does. */
export async function askStream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { body } = await get(path, signal, { accept: 'text/event-stream' });
  if (!body) throw new AnswerError('the collector answered nothing', 200);
  return body;
}

/** 304 is an answer. */
async function get(path: string, signal: AbortSignal, more: Record<string, string>): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { ...more, ...(token !== null && { authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { headers, signal, cache: 'no-store', credentials: 'omit' });
  if (response.status === 401) {
    // One that was given since stays.
    if (sessionStorage.getItem(TOKEN) === token) sessionStorage.removeItem(TOKEN);
    throw new UnauthorizedError('The collector asks for a token.');
  }
  if (!response.ok && response.status !== 304) throw new AnswerError(await wordsOf(response), response.status);
  return response;
}

async function wordsOf(response: Response): Promise<string> {
  const { message } = (await response.json().catch(() => ({}))) as { message?: string };
  return message ?? `the collector answered ${response.status}`;
}
