/**
 * An instance of the `hist` source's kind that lives as long as one command: it counts from its making on, is never adopted
 * by an agent, and is removed at the end. What a killed command left behind is removed by the next.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { HIST } from './instance.js';
import { refuseIfBlind } from '../preflight.js';
import { countIn, findTracefs, removeInstance } from '../../tracefs/instances.js';
import type { Place } from '../../tracefs/instances.js';

export interface PassingOptions extends Place {
  /** The command, and the id of its process below `root`. */
  command: string;
  pid: number;
}

export interface PassingInstance {
  directory: string;
  /** Resolves to a problem, if it could not be removed. */
  remove(): Promise<string[]>;
}

/** Throws AgentError, as making any instance does. */
export async function openPassing(options: PassingOptions): Promise<PassingInstance> {
  const { tracefs, root, command, pid } = options;
  await refuseIfBlind(root);
  await removeLeftBehind(options);
  const instance = await countIn(`tcewatch-${command}-${pid}`, HIST, options);
  return { directory: instance.directory, remove: () => removeInstance(tracefs, instance) };
}

async function removeLeftBehind({ tracefs, root, command }: PassingOptions): Promise<void> {
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
