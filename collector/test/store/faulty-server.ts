/**
 * A ClickHouse with whatever failure a test wants: a proxy before the real engine that answers in its place with
 * ClickHouse's own codes, swallows answers, or asks as a user would that may only read.
 */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { ClickHouseAddress } from '../../src/store/index.js';

/** What happens to an insert; `undefined`: the engine does it. */
export type Fault =
  | { refuse: { code: number; name: string; words: string } }
  /** The engine does it, and nobody is told. */
  | 'lost-answer'
  | 'no-answer'
  | 'read-only'
  | undefined;

/** An insert as it came. */
export interface SeenInsert {
  table: string;
  token: string | null;
  body: string;
}

export interface FaultyServer {
  address: ClickHouseAddress;
  inserts: SeenInsert[];
  /** Asked for each insert; questions and commands pass. */
  fault: (insert: SeenInsert) => Fault;
  close(): Promise<void>;
}

export async function faultyServer(engine: ClickHouseAddress): Promise<FaultyServer> {
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { username, password } = engine;
  const faulty: FaultyServer = {
    address: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, username, password },
    inserts: [],
    fault: () => undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return faulty;

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '', engine.url);
    const body = await buffer(incoming);
    const [, table] = /^\s*INSERT INTO (\w+)/i.exec(url.searchParams.get('query') ?? body.toString()) ?? [];
    let fault: Fault;
    if (table !== undefined) {
      const token = url.searchParams.get('insert_deduplication_token');
      const insert = { table, token, body: body.toString('base64') };
      faulty.inserts.push(insert);
      fault = faulty.fault(insert);
    }
    if (fault === 'no-answer') return;
    if (typeof fault === 'object') {
      const { code, name, words } = fault.refuse;
      outgoing.writeHead(500, { 'x-clickhouse-exception-code': String(code) });
      outgoing.end(`Code: ${code}. DB::Exception: ${words}. (${name}) (version 26.7.2.1)`);
      return;
    }
    if (fault === 'read-only') url.searchParams.set('readonly', '1');
    const forwarded = request(url, { method: incoming.method ?? 'GET', headers: incoming.headers });
    forwarded.end(body);
    const [reply] = (await once(forwarded, 'response')) as [IncomingMessage];
    const answered = await buffer(reply);
    if (fault === 'lost-answer') outgoing.destroy();
    else outgoing.writeHead(reply.statusCode ?? 500, reply.headers).end(answered);
  }
}
