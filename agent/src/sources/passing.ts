/**
 * An instance of the `hist` source's kind that lives as long as one command: it counts from its making on, is never adopted
 * by an agent, and is removed at the end. What a killed command left behind is removed by the next.
 */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HIST } from './hist-instance.js';
import { findTracefs, makeInstance, removed } from './tracefs.js';
import type { Directories } from './tracefs.js';

export interface PassingOptions {
  root: string;
  /** The command, and the id of its process below `root`. */
  command: string;
  pid: number;
  /** Entries of each histogram. */
  size: number;
  directories?: Directories | undefined;
}

export interface PassingInstance {
  directory: string;
  /** Resolves to a problem, if it could not be removed. */
  remove(): Promise<string[]>;
}

/** Throws SourceError, as making any instance does. */
export async function openPassing({ root, command, pid, size, directories }: PassingOptions): Promise<PassingInstance> {
  const tracing = await findTracefs(root);
  await removeLeftBehind(root, tracing, command, directories);
  const directory = join(tracing, 'instances', `tcewatch-${command}-${pid}`);
  await makeInstance(tracing, directory, { kind: HIST, size, directories });
  return { directory, remove: () => removed(directory, directories) };
}

async function removeLeftBehind(
  root: string,
  tracing: string,
  command: string,
  directories: Directories | undefined,
): Promise<void> {
  const ours = new RegExp(`^tcewatch-${command}-(\\d+)$`);
  for (const name of await readdir(join(tracing, 'instances')).catch(() => [])) {
    const pid = ours.exec(name)?.[1];
    if (pid === undefined || (await isThere(join(root, 'proc', pid)))) continue;
    // One that cannot be removed is no harm to this command.
    await removed(join(tracing, 'instances', name), directories);
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
