/** A TCP proxy on loopback that stands for the network: when it is cut, bytes stay where they are. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  private constructor(readonly target: number) {
    // A connection that comes while the network is cut is accepted by the kernel and hears nothing.
    this.#server = createServer({ pauseOnConnect: true }, (client) => {
      this.#join(client, connect(target, '127.0.0.1'));
    });
  }

  static async start(port: number, target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    await once(proxy.#server.listen(port, '127.0.0.1'), 'listening');
    return proxy;
  }

  /** From now on nothing comes through, and nobody is told. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** What waited comes through, as TCP does after a while. */
  mend(): void {
    this.#cut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #join(client: Socket, server: Socket): void {
    this.#carry(client, server);
    this.#carry(server, client);
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', (bytes) => to.write(bytes));
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#cut) from.pause();
    else from.resume();
  }
}
