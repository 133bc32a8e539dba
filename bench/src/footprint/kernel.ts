/**
 * Preloaded into the agent (node --import): the one thing that a directory on a disk does not do and a kernel does. A
 * directory made among the instances of tracefs is filled at once, here with links to what the benchmark prints.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const { mkdir, symlink } = fs.promises;
const EVENTS = 'events';

fs.promises.mkdir = (async (path: string, options?: fs.MakeDirectoryOptions) => {
  const made = await mkdir(path, options);
  if (path.includes('/tracing/instances/')) {
    await symlink(join(path, '../..', EVENTS), join(path, EVENTS));
    await symlink(join(path, '../..', 'tracing_on'), join(path, 'tracing_on'));
  }
  return made;
}) as typeof mkdir;
syncBuiltinESMExports();
