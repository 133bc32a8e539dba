/**
 * An instance of the `hist` source's kind that lives as long as one command: it counts from the moment it is made, is
 * never adopted by an agent, and is removed at the end. What a killed command left behind is removed by the next.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { HIST } from './instance.js';
import { assertCanTrace } from '../preflight.js';
import { countIn, findTracefs, removeInstance } from '../../tracefs/instances.js';
import type { Place } from '../../tracefs/instances.js';

export interface TemporaryOptions extends Place {
  /** Name of the command; the instance is named by it and the id of its process below `root`. */
  command: string;
  pid: number;
}

export interface TemporaryInstance {
  directory: string;
  /** Removes the instance; resolves to a problem, if it could not be removed. */
  remove(): Promise<string[]>;
}

/** Makes the instance. Throws AgentError, as making any instance does. */
export async function openTemporaryInstance(options: TemporaryOptions): Promise<TemporaryInstance> {
  const { tracefs, root, command, pid } = options;
  await assertCanTrace(root);
  await removeLeftBehind(options);
  const instance = await countIn(`tcewatch-${command}-${pid}`, HIST, options);
  return { directory: instance.directory, remove: () => removeInstance(tracefs, instance) };
}

async function removeLeftBehind({ tracefs, root, command }: TemporaryOptions): Promise<void> {
  const instances = join(await findTracefs(root, tracefs), 'instances');
  const ours = new RegExp(`^tcewatch-${command}-(\\d+)$`);
  for (const name of await tracefs.list(instances)) {
    const pid = ours.exec(name)?.[1];
    if (pid === undefined || (await isThere(join(root, 'proc', pid)))) continue;
    // One that cannot be removed is no harm to this command.
    await tracefs.removeInstance(join(instances, name));
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
