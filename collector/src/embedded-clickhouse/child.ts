/**
 * The process of the embedded ClickHouse. It serves what its first IPC message says, and ends when the launcher asks
 * for it (SIGTERM) or is gone (the channel closes), so no engine is left behind holding the directory.
 */
import { mkdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { openEngine } from './engine.js';
import type { Engine } from './engine.js';
import { createHttpServer } from './http.js';
import type { ServeFailure, ServeReply, ServeRequest } from './messages.js';
import { readOnlyCredentials } from './read-only-user.js';

process.once('message', (message) => {
  void serve(message as ServeRequest);
});

async function serve(request: ServeRequest): Promise<void> {
  const { port, username, password, reader } = request;
  const directory = resolve(request.directory);
  const incoming = join(directory, 'incoming');
  let stage: ServeFailure = 'engine-missing';
  try {
    await import('chdb');
    stage = 'directory';
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // The engine reads a configuration that lies in its working directory or its home: here, only root can put one.
    process.chdir('/');
    process.env['HOME'] = '/';
    const engine = await openEngine(join(directory, 'engine'));
    // What a killed child left half-received; the engine's lock says that nobody else is writing there.
    await rm(incoming, { recursive: true, force: true });
    await mkdir(incoming, { mode: 0o700 });
    stage = 'port';
    const server = createHttpServer({
      engine,
      credentials: { username, password },
      reader: reader && (await readOnlyCredentials(reader, directory)),
      incoming,
      onFatal: () => process.exit(1),
    });
    await server.listen({ host: '127.0.0.1', port });
    const end = (): void => void stop(server, engine);
    process.once('SIGTERM', end);
    process.once('disconnect', end);
    // A terminal sends Ctrl-C to the whole group; the launcher decides when this process ends.
    process.on('SIGINT', () => undefined);
    // The launcher may have gone while the engine was opened.
    if (!process.connected) end();
    reply({ serving: { port: (server.server.address() as AddressInfo).port } });
  } catch (error) {
    reply({ failed: { reason: stage, message: (error as Error).message } }, () => process.exit(1));
  }
}

async function stop(server: { close(): Promise<void> }, engine: Engine): Promise<void> {
  await server.close();
  await engine.close();
  process.exit(0);
}

function reply(message: ServeReply, sent: () => void = () => undefined): void {
  process.send?.(message, sent);
}
