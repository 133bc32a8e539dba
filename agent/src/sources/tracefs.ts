/** The private tracefs instance of the `hist` source: finding or making it, and reading it. */
import { constants } from 'node:fs';
import { access, mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceError } from '../model.js';
import { ENTER_EVENT, EXIT_EVENT } from './hist-counts.js';
import type { HistTexts } from './hist-counts.js';
import { TRIGGERS, isSet, triggerCommand } from './triggers.js';

/** Where tracefs is found; the second is its place on hosts that mount debugfs alone. */
const MOUNT_POINTS = ['sys/kernel/tracing', 'sys/kernel/debug/tracing'];
/** Our instances bear the uptime in nanoseconds at which they were made: their counters' epoch began there. */
const OURS = /^tcewatch-(\d{1,19})$/;

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
  const { root, size, directories = REAL_DIRECTORIES } = options;
  const tracing = await findTracefs(root);
  let found: OwnDirectory | undefined;
  const problems: string[] = [];
  for (const own of await ownDirectories(join(tracing, 'instances'))) {
    if (!found && (await counts(own.directory, size))) found = own;
    else problems.push(...(await removed(own.directory, directories)));
  }
  return { ...(found ?? (await makeInstance(tracing, options, directories))), problems };
}

/** Exit is read before enter: a call in flight may count as entered and not yet as punted, never the reverse. */
export async function readInstance(instance: Instance): Promise<HistTexts> {
  const read = (event: string) => {
    const path = join(eventDirectory(instance.directory, event), 'hist');
    return attempt(path, () => readFile(path, 'utf8'));
  };
  const exit = await read(EXIT_EVENT);
  return { exit, enter: await read(ENTER_EVENT) };
}

async function findTracefs(root: string): Promise<string> {
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
type OwnDirectory = Omit<Instance, 'problems'>;

/** The newest first. */
async function ownDirectories(instances: string): Promise<OwnDirectory[]> {
  const names = await attempt(instances, () => readdir(instances));
  return names
    .flatMap((name) => {
      const made = OURS.exec(name)?.[1];
      return made === undefined ? [] : [{ directory: join(instances, name), madeNs: BigInt(made) }];
    })
    .sort((a, b) => Number(b.madeNs - a.madeNs));
}

async function makeInstance(
  tracing: string,
  { size, nowNs }: InstanceOptions,
  directories: Directories,
): Promise<OwnDirectory> {
  if (!(await exists(eventDirectory(tracing, ENTER_EVENT)))) throw notLoaded(tracing);
  const directory = join(tracing, 'instances', `tcewatch-${nowNs}`);
  await attempt(directory, () => directories.make(directory));
  try {
    for (const trigger of TRIGGERS) {
      const path = join(eventDirectory(directory, trigger.event), 'trigger');
      const flag = constants.O_WRONLY | constants.O_APPEND;
      await attempt(path, () => writeFile(path, triggerCommand(trigger, size), { flag }));
    }
  } catch (error) {
    await removed(directory, directories);
    throw error;
  }
  return { directory, madeNs: nowNs };
}

/** A problem, if it could not be removed. */
async function removed(directory: string, directories: Directories): Promise<string[]> {
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

/** Whether an instance has both triggers as they should be. */
async function counts(directory: string, size: number): Promise<boolean> {
  for (const trigger of TRIGGERS) {
    const path = join(eventDirectory(directory, trigger.event), 'trigger');
    // Without the event, kvm_hv was unloaded since the instance was made.
    if (!(await exists(path))) return false;
    if (!isSet(trigger, size, await attempt(path, () => readFile(path, 'utf8')))) return false;
  }
  return true;
}

function eventDirectory(directory: string, event: string): string {
  return join(directory, 'events/kvm_hv', event);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw failure(error, path);
  }
}

async function attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw failure(error, path);
  }
}

/** What to do about it, by what the kernel said. */
function failure(error: unknown, path: string): SourceError {
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
      return notLoaded(path, because);
    case 'EINVAL':
      return new SourceError(
        'trigger-refused',
        `the kernel refused a hist trigger in ${path}: it needs CONFIG_HIST_TRIGGERS and Linux 4.17 or later`,
        because,
      );
    default:
      return new SourceError('tracefs-failed', `${path}: ${message}`, because);
  }
}

function notLoaded(path: string, options?: ErrorOptions): SourceError {
  return new SourceError(
    'kvm-hv-not-loaded',
    `there are no events of KVM HV in ${path}: load the module with "modprobe kvm_hv"`,
    options,
  );
}
