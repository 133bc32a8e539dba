/** A TCP port of this machine's loopback at which one connection is expected, from inside the host. */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

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
