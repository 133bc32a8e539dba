/** The private tracefs instance of the `hist` source: finding or making it, and reading it. */
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceError } from '../model.js';
import { ENTER_EVENT, EXIT_EVENT } from './hist-counts.js';
import type { HistTexts } from './hist-counts.js';
import type { EnterScope } from './hist-plan.js';
import { resumeCommand, triggerCommand, triggerState, triggersFor } from './triggers.js';

/** Where tracefs is found; the second is its place on hosts that mount debugfs alone. */
const MOUNT_POINTS = ['sys/kernel/tracing', 'sys/kernel/debug/tracing'];
/** Our instances bear the uptime in nanoseconds at which they were made: their counters' epoch began there. */
const OURS = /^tcewatch-(\d{1,19})$/;

export interface Instance {
  directory: string;
  /** Uptime at which it was made, in nanoseconds. */
  madeNs: bigint;
  /** How its histogram of calls that enter is keyed. */
  scope: EnterScope;
  /**
   * A file of it that is kept open: so long, the kernel lets nobody remove the instance (EBUSY), and when the agent ends,
   * however it ends, its next life can.
   */
  hold: FileHandle;
}

/** An instance, and what is left of others and could not be removed. */
export interface OpenedInstance {
  instance: Instance;
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
  scope: EnterScope;
  /** Entries of each histogram. */
  size: number;
  /** Uptime now, in nanoseconds. */
  nowNs: bigint;
  /** Given where no kernel is behind the tree. */
  directories?: Directories | undefined;
}

/**
 * The instance that `isTold` knows by the uptime at which it was made, if it still counts: an agent that was killed has
 * lost nothing. Else a new one. What is left of others of ours is removed, since each costs time in every hypercall.
 * Throws SourceError.
 */
export async function openInstance(
  options: InstanceOptions,
  isTold: (madeNs: bigint) => boolean,
): Promise<OpenedInstance> {
  const tracing = await findTracefs(options.root);
  let instance: Instance | undefined;
  const problems: string[] = [];
  for (const { directory, madeNs } of await ownDirectories(join(tracing, 'instances'))) {
    const scope = !instance && isTold(madeNs) ? await resumed(directory) : undefined;
    if (scope) instance = { directory, madeNs, scope, hold: await hold(directory) };
    else problems.push(...(await removed(directory, options.directories)));
  }
  return { instance: instance ?? (await makeInstance(options)), problems };
}

/** A new instance that counts. Throws SourceError, and then leaves nothing behind. */
export async function makeInstance(options: InstanceOptions): Promise<Instance> {
  const { root, scope, size, nowNs, directories = REAL_DIRECTORIES } = options;
  const tracing = await findTracefs(root);
  if (!(await exists(eventDirectory(tracing, ENTER_EVENT)))) throw notLoaded(tracing);
  const directory = join(tracing, 'instances', `tcewatch-${nowNs}`);
  await attempt(directory, () => directories.make(directory));
  try {
    for (const trigger of triggersFor(scope)) {
      await write(triggerPath(directory, trigger.event), triggerCommand(trigger, size));
    }
    return { directory, madeNs: nowNs, scope, hold: await hold(directory) };
  } catch (error) {
    await removed(directory, directories);
    throw error;
  }
}

/** Lets go of an instance that is not to count any more; returns a problem, if it could not be removed. */
export async function removeInstance(instance: Instance, directories?: Directories): Promise<string[]> {
  await releaseInstance(instance);
  return removed(instance.directory, directories);
}

/** Lets go of an instance that goes on counting. */
export async function releaseInstance({ hold }: Instance): Promise<void> {
  await hold.close();
}

/** Exit is read before enter: a call in flight may count as entered and not yet as punted, never the reverse. */
export async function readInstance({ directory }: Instance): Promise<HistTexts> {
  const read = async (event: string) => {
    const path = join(eventDirectory(directory, event), 'hist');
    if (!(await exists(directory))) throw gone('instance-removed', directory);
    const text = await attempt(path, () => readFile(path, 'utf8'));
    if (text === '') throw gone('trigger-removed', path);
    return text;
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

/** The directories of ours below `instances`, the newest first, and the uptime that their names hold. */
async function ownDirectories(instances: string): Promise<Pick<Instance, 'directory' | 'madeNs'>[]> {
  const names = await attempt(instances, () => readdir(instances));
  return names
    .flatMap((name) => {
      const made = OURS.exec(name)?.[1];
      return made === undefined ? [] : [{ directory: join(instances, name), madeNs: BigInt(made) }];
    })
    .sort((a, b) => Number(b.madeNs - a.madeNs));
}

/** A problem, if it could not be removed. */
async function removed(directory: string, directories = REAL_DIRECTORIES): Promise<string[]> {
  try {
    await directories.remove(directory);
    return [];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    return [
      `the tracefs instance ${directory} is not in use and slows down hypercalls, but cannot be removed: ${message}`,
    ];
  }
}

/** How an instance is keyed that has both triggers as they should be; one that somebody paused is set going again. */
async function resumed(directory: string): Promise<EnterScope | undefined> {
  for (const scope of ['one', 'all'] as const) {
    const states = await Promise.all(
      triggersFor(scope).map(async (trigger) => {
        const path = triggerPath(directory, trigger.event);
        // Without the event, kvm_hv was unloaded since the instance was made.
        const text = (await exists(path)) ? await attempt(path, () => readFile(path, 'utf8')) : '';
        return { trigger, path, state: triggerState(trigger, text) };
      }),
    );
    if (states.some(({ state }) => state === undefined)) continue;
    for (const { trigger, path, state } of states) if (state === 'paused') await write(path, resumeCommand(trigger));
    return scope;
  }
  return undefined;
}

function hold(directory: string): Promise<FileHandle> {
  const path = join(directory, 'tracing_on');
  return attempt(path, () => open(path));
}

/** Appended, since `>` would remove the other triggers of the event. */
function write(path: string, command: string): Promise<void> {
  return attempt(path, () => writeFile(path, command, { flag: constants.O_WRONLY | constants.O_APPEND }));
}

function triggerPath(directory: string, event: string): string {
  return join(eventDirectory(directory, event), 'trigger');
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

/** Somebody else took away what counts. */
function gone(code: 'instance-removed' | 'trigger-removed', path: string): SourceError {
  return new SourceError(
    code,
    `somebody removed what counts in ${path}: it is made anew, and what was counted since the last reading is lost; ` +
      'leave tracefs instances that are named tcewatch-* alone',
  );
}

function notLoaded(path: string, options?: ErrorOptions): SourceError {
  return new SourceError(
    'kvm-hv-not-loaded',
    `there are no events of KVM HV in ${path}: load the module with "modprobe kvm_hv"`,
    options,
  );
}
