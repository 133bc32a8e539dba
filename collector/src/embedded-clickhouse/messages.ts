/** Messages of launcher and child over the IPC channel. */

import type { ReadOnlyUser } from './read-only-user.js';

/** First word of the launcher: what to serve. The passwords travel here, where no other user can read it. */
export interface ServeRequest {
  directory: string;
  port: number;
  username: string;
  password: string;
  /** User who may only read. */
  reader?: ReadOnlyUser | undefined;
}

/** Answer of the child: it serves, or it cannot and ends. */
export type ServeReply = { serving: { port: number } } | { failed: { reason: ServeFailure; message: string } };

/** `engine-missing`: chdb cannot be loaded; `directory`: it cannot be used; `port`: it cannot be listened on. */
export type ServeFailure = 'engine-missing' | 'directory' | 'port';
