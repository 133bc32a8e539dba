/** Translates the parameters of a request to ClickHouse's HTTP interface into what the engine is to run. Pure. */
import { quote, quoteIdentifier } from '../store/quote.js';

/** Request to the HTTP interface, as far as the engine needs it. */
export interface Request {
  /** The `query` parameter: the whole statement, or its beginning with the rest in the body. */
  query: string;
  database: string | undefined;
  /** Format of the answer where the statement names none. */
  format: string;
  /** Statements that apply settings, query parameters and database to the session. */
  preparation: string[];
}

/** Parameters that the HTTP interface itself understands; none of them is a setting. */
const OF_THE_INTERFACE = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'client_protocol_version',
  'user',
  'password',
  'quota_key',
  'enable_http_compression',
  'wait_end_of_query',
  'buffer_size',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'cancel_http_readonly_queries_on_client_close',
]);

/** Parameters that change what an answer means, and that this interface cannot honour. */
const REFUSED = new Set(['session_id', 'session_timeout', 'session_check', 'role', 'compress', 'decompress']);

/** Thrown for a request that cannot be honoured; the message names the parameter. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/** Reads the parameters of a request; throws RequestError. */
export function readParameters(parameters: URLSearchParams): Request {
  const assignments: string[] = [];
  for (const [name, value] of parameters) {
    if (OF_THE_INTERFACE.has(name)) continue;
    if (REFUSED.has(name)) throw new RequestError(`the embedded ClickHouse does not know the parameter ${name}`);
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new RequestError(`${JSON.stringify(name)} is no name of a setting`);
    assignments.push(`${name} = ${quote(value)}`);
  }
  const database = parameters.get('database') ?? undefined;
  const preparation: string[] = [];
  if (assignments.length > 0) preparation.push(`SET ${assignments.join(', ')}`);
  if (database !== undefined) preparation.push(`USE ${quoteIdentifier(database)}`);
  return {
    query: parameters.get('query') ?? '',
    database,
    format: parameters.get('default_format') ?? 'TabSeparated',
    preparation,
  };
}

/** INSERT ... FORMAT <format>, with the data elsewhere. */
const INSERT_WITH_DATA = /^(\s*INSERT\s[\s\S]*?)\s+FORMAT\s+(\w+)\s*;?\s*$/i;

/** The INSERT whose data is in the body, told to read them from a file; undefined for any other statement. */
export function insertFromFile(query: string, file: string): string | undefined {
  const match = INSERT_WITH_DATA.exec(query);
  const [, insert, format] = match ?? [];
  return insert && format ? `${insert} FROM INFILE ${quote(file)} FORMAT ${format}` : undefined;
}
