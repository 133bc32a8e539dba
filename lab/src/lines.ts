/** A connection read line by line, on demand. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { LabError } from './errors.js';

/** Each call resolves to the next line; rejects with LabError once the connection of `name` has ended. */
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
