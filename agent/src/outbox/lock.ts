/**
 * Lock of one agent on one directory. It is a socket in it that the agent listens on: the kernel ends the listening
 * with the process, however that ends, and whoever finds the socket without a listener may take it over. Unlike a
 * process id this holds between containers that share the directory.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

export const LOCK_NAME = 'lock';

/** Error for a lock that is held by another process. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
}

export class DirectoryLock {
  private constructor(
    private readonly server: Server,
    private readonly handle: FileHandle,
  ) {}

  /**
   * Takes the lock. Throws LockedError when another process holds it, and the system's error for a directory that
   * cannot have one.
   */
  static async take(directory: string): Promise<DirectoryLock> {
    const handle = await open(directory, 'r');
    try {
      // The address of a socket has room for 107 bytes, and Node cuts a longer one off without a word.
      return new DirectoryLock(await takeAt(`/proc/self/fd/${handle.fd}`), handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async release(): Promise<void> {
    await new Promise((done) => this.server.close(done));
    await this.handle.close();
  }
}

async function takeAt(directory: string): Promise<Server> {
  const path = join(directory, LOCK_NAME);
  for (;;) {
    try {
      return await listen(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
    if (await isListenedTo(path)) throw locked();
    await removeStale(path);
  }
}

/**
 * Removes a stale socket by renaming it: only one of two that find the same one can, so the other does not take away
 * what that one made.
 */
async function removeStale(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (await isListenedTo(aside)) {
    await rename(aside, path);
    throw locked();
  }
  await rm(aside, { force: true });
}

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  await once(server.listen(path), 'listening');
  return server;
}

function isListenedTo(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}

function locked(): LockedError {
  return new LockedError('another agent uses it');
}
