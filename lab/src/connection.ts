/** TCP connections from inside the host to this machine's loopback: one is awaited at a port, and read line by line. */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { LabError } from './errors.js';

/** This machine, as the emulated host sees it (QEMU's user network). */
export const THIS_MACHINE = '10.0.2.2';

export interface Visitor {
  port: number;
  /** The first connection; later ones are refused. */
  connection: Promise<Socket>;
}

/** Listens on a free port; one at which nobody ever comes does not keep this process running. */
export async function expectVisitor(): Promise<Visitor> {
  const server = createServer().unref();
  const connection = new Promise<Socket>((resolve) => {
    server.once('connection', (socket) => {
      resolve(socket);
      server.close();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return { port: (server.address() as AddressInfo).port, connection };
}

/**
 * Reads a connection line by line, on demand: each call resolves to the next line, and rejects with LabError once the
 * connection of `name` has ended.
 */
export function linesOf(name: string, stream: Readable): () => Promise<string> {
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]();
  // What goes wrong between two calls is told by the next one.
  stream.on('error', () => undefined);
  return async () => {
    const next = await lines.next().catch((error: unknown) => {
      throw new LabError(`${name} is gone: ${(error as Error).message}`, { cause: error });
    });
    if (next.done === true) throw new LabError(`${name} is gone: its connection has ended`);
    return next.value;
  };
}
