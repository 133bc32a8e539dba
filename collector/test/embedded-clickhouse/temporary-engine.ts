import { temporaryDirectory } from '@tcewatch/testing/directories';
import { openEngine } from '../../src/embedded-clickhouse/engine.js';
import type { Engine } from '../../src/embedded-clickhouse/engine.js';

/** The engine on a directory of its own, which is removed when the engine closes. */
export async function temporaryEngine(): Promise<Engine> {
  const directory = await temporaryDirectory();
  const engine = await openEngine(directory.path);
  const close = async (): Promise<void> => {
    await engine.close();
    await directory.remove();
  };
  return { ...engine, close };
}
