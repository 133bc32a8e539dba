/** Private tracefs instances that count with hist triggers: finding or making them, and reading them. */
import { constants } from 'node:fs';
import { access, mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceError } from '../model.js';
import { isSet, triggerCommand } from './triggers.js';
import type { TriggerSpec } from './triggers.js';

/** Where tracefs is found; the second is its place on hosts that mount debugfs alone. */
export const MOUNT_POINTS = ['sys/kernel/tracing', 'sys/kernel/debug/tracing'] as const;

/** What an instance counts, and for whom. */
export interface InstanceKind {
  /** Instances are named by it and the uptime in nanoseconds at which they were made: their counters' epoch began there. */
  prefix: string;
  /** In the order in which they are set. */
  triggers: readonly TriggerSpec[];
  /** What is wrong where the kernel has not the events. */
  withoutEvents: { code: string; message: string };
}

export interface Instance {
  directory: string;
  /** Uptime at which it was made, in nanoseconds. */
  madeNs: bigint;
  /** What is left of other instances and could not be removed. */
  problems: string[];
}

/** Makes and removes directories, which in tracefs the kernel fills and empties. */
export interface Directories {
  make(path: string): Promise<unknown>;
  remove(path: string): Promise<void>;
}

const REAL_DIRECTORIES: Directories = { make: mkdir, remove: rmdir };

export interface InstanceOptions {
  root: string;
  kind: InstanceKind;
  /** Entries of each histogram. */
  size: number;
  /** Uptime now, in nanoseconds. */
  nowNs: bigint;
  /** Given where no kernel is behind the tree. */
  directories?: Directories | undefined;
}

/**
 * The instance that counts already, with both triggers as they should be: an agent that was killed has lost nothing. Else
 * a new one; what is left of others of ours is removed, since each costs time in every hypercall. Throws SourceError.
 */
export async function openInstance(options: InstanceOptions): Promise<Instance> {
  const { root, kind, size, directories = REAL_DIRECTORIES } = options;
  const tracing = await findTracefs(root);
  let found: OwnDirectory | undefined;
  const problems: string[] = [];
  for (const own of await ownDirectories(join(tracing, 'instances'), kind)) {
    if (!found && (await counts(own.directory, kind, size))) found = own;
    else problems.push(...(await removed(own.directory, directories)));
  }
  if (found) return { ...found, problems };
  const directory = join(tracing, 'instances', `${kind.prefix}-${options.nowNs}`);
  await makeInstance(tracing, directory, options);
  return { directory, madeNs: options.nowNs, problems };
}

/** The instances that count for that kind, whatever their size, the newest first. Nothing is changed. */
export async function instancesOf(root: string, kind: InstanceKind): Promise<OwnDirectory[]> {
  return ownDirectories(join(await findTracefs(root), 'instances'), kind);
}

/** The histograms of an event, as the kernel prints them. */
export function readHist(directory: string, trigger: TriggerSpec, kind: InstanceKind): Promise<string> {
  const path = join(eventDirectory(directory, trigger), 'hist');
  return attempt(path, kind, () => readFile(path, 'utf8'));
}

/** Where tracefs is mounted below `root`. Throws SourceError `not-mounted`. */
export async function findTracefs(root: string): Promise<string> {
  for (const mountPoint of MOUNT_POINTS) {
    const tracing = join(root, mountPoint);
    if (await exists(join(tracing, 'instances'))) return tracing;
  }
  throw new SourceError(
    'not-mounted',
    `there is no tracefs in ${join(root, 'sys/kernel/tracing')}: mount it with ` +
      '"mount -t tracefs nodev /sys/kernel/tracing"',
  );
}

/** A directory of ours below `instances`, and the uptime that its name holds. */
export type OwnDirectory = Omit<Instance, 'problems'>;

/** The newest first. */
async function ownDirectories(instances: string, kind: InstanceKind): Promise<OwnDirectory[]> {
  const names = await attempt(instances, kind, () => readdir(instances));
  const ours = new RegExp(`^${kind.prefix}-(\\d{1,19})$`);
  return names
    .flatMap((name) => {
      const made = ours.exec(name)?.[1];
      return made === undefined ? [] : [{ directory: join(instances, name), madeNs: BigInt(made) }];
    })
    .sort((a, b) => Number(b.madeNs - a.madeNs));
}

/** Makes a directory below `instances` and sets the triggers in it. Leaves nothing behind when that fails. */
export async function makeInstance(
  tracing: string,
  directory: string,
  { kind, size, directories = REAL_DIRECTORIES }: Pick<InstanceOptions, 'kind' | 'size' | 'directories'>,
): Promise<void> {
  for (const trigger of kind.triggers) {
    const events = eventDirectory(tracing, trigger);
    if (!(await exists(events, kind))) throw withoutEvents(kind, events);
  }
  await attempt(directory, kind, () => directories.make(directory));
  try {
    for (const trigger of kind.triggers) {
      const path = join(eventDirectory(directory, trigger), 'trigger');
      const flag = constants.O_WRONLY | constants.O_APPEND;
      await attempt(path, kind, () => writeFile(path, triggerCommand(trigger, size), { flag }));
    }
  } catch (error) {
    await removed(directory, directories);
    throw error;
  }
}

/** A problem, if it could not be removed. */
export async function removed(directory: string, directories: Directories = REAL_DIRECTORIES): Promise<string[]> {
  try {
    await directories.remove(directory);
    return [];
  } catch (error) {
    const { message } = error as Error;
    return [
      `the tracefs instance ${directory} is not in use and slows down hypercalls, but cannot be removed: ${message}`,
    ];
  }
}

/** Whether an instance has all triggers as they should be. */
async function counts(directory: string, kind: InstanceKind, size: number): Promise<boolean> {
  for (const trigger of kind.triggers) {
    const path = join(eventDirectory(directory, trigger), 'trigger');
    // Without the event, the module was unloaded since the instance was made.
    if (!(await exists(path, kind))) return false;
    if (!isSet(trigger, size, await attempt(path, kind, () => readFile(path, 'utf8')))) return false;
  }
  return true;
}

function eventDirectory(directory: string, { system, event }: TriggerSpec): string {
  return join(directory, 'events', system, event);
}

async function exists(path: string, kind?: InstanceKind): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw failure(error, path, kind);
  }
}

async function attempt<T>(path: string, kind: InstanceKind, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw failure(error, path, kind);
  }
}

/** What to do about it, by what the kernel said. */
function failure(error: unknown, path: string, kind?: InstanceKind): SourceError {
  const { code, message } = error as NodeJS.ErrnoException;
  const because = { cause: error };
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new SourceError(
        'permission',
        `permission denied for ${path}: run the agent as root or grant it CAP_DAC_OVERRIDE; where the kernel is locked ` +
          'down for confidentiality (/sys/kernel/security/lockdown), it allows nobody to trace',
        because,
      );
    case 'ENOENT':
      if (kind) return withoutEvents(kind, path, because);
      break;
    case 'EINVAL':
      return new SourceError(
        'trigger-refused',
        `the kernel refused a hist trigger in ${path}: it needs CONFIG_HIST_TRIGGERS and Linux 4.17 or later`,
        because,
      );
  }
  return new SourceError('tracefs-failed', `${path}: ${message}`, because);
}

function withoutEvents({ withoutEvents }: InstanceKind, path: string, options?: ErrorOptions): SourceError {
  return new SourceError(withoutEvents.code, `${path} is not there: ${withoutEvents.message}`, options);
}
