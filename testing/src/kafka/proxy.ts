/** A TCP proxy on loopback that stands for the network: when it is cut, bytes stay where they are. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

type Side = 'client' | 'broker';
export type Cut = 'all' | 'answers';

export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Map<Socket, Side>();
  #cut: Cut | undefined;

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

  /** Lets nothing through from now on, and tells nobody; or no answer, while requests still arrive. */
  cut(what: Cut): void {
    this.#cut = what;
    for (const [socket, from] of this.#sockets) if (this.#holdsBack(from)) socket.pause();
  }

  /** Lets through what waited, as TCP does after a while. */
  mend(): void {
    this.#cut = undefined;
    for (const socket of this.#sockets.keys()) socket.resume();
  }

  /** Silences what is connected; what connects from now on hears. */
  freeze(): void {
    for (const socket of this.#sockets.keys()) socket.pause();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.keys()) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #join(client: Socket, server: Socket): void {
    this.#carry(client, server, 'client');
    this.#carry(server, client, 'broker');
  }

  #carry(from: Socket, to: Socket, side: Side): void {
    this.#sockets.set(from, side);
    from.on('data', (bytes) => to.write(bytes));
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#holdsBack(side)) from.pause();
    else from.resume();
  }

  #holdsBack(from: Side): boolean {
    return this.#cut === 'all' || (this.#cut === 'answers' && from === 'broker');
  }
}
