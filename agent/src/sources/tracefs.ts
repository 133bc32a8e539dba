/** The private tracefs instance of the `hist` source: finding or making it, and reading it. */
import { join } from 'node:path';
import { SourceError } from '../model.js';
import { ENTER_EVENT, EXIT_EVENT } from './hist-counts.js';
import type { HistTexts } from './hist-counts.js';
import type { EnterScope } from './hist-plan.js';
import { gone, notLoaded } from './tracefs-files.js';
import type { Hold, Tracefs } from './tracefs-files.js';
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
  hold: Hold;
}

/** An instance, and what is left of others and could not be removed. */
export interface OpenedInstance {
  instance: Instance;
  problems: string[];
}

export interface InstanceOptions {
  tracefs: Tracefs;
  root: string;
  scope: EnterScope;
  /** Entries of each histogram. */
  size: number;
  /** Uptime now, in nanoseconds. */
  nowNs: bigint;
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
  const { tracefs } = options;
  const tracing = await findTracefs(options);
  let instance: Instance | undefined;
  const problems: string[] = [];
  for (const { directory, madeNs } of await ownDirectories(tracefs, join(tracing, 'instances'))) {
    const scope = !instance && isTold(madeNs) ? await resumed(tracefs, directory) : undefined;
    if (scope) instance = { directory, madeNs, scope, hold: await hold(tracefs, directory) };
    else problems.push(...(await tracefs.removeInstance(directory)));
  }
  return { instance: instance ?? (await makeInstance(options)), problems };
}

/** A new instance that counts. Throws SourceError, and then leaves nothing behind. */
export async function makeInstance(options: InstanceOptions): Promise<Instance> {
  const { tracefs, scope, size, nowNs } = options;
  const tracing = await findTracefs(options);
  if (!(await tracefs.exists(eventDirectory(tracing, ENTER_EVENT)))) throw notLoaded(tracing);
  const directory = join(tracing, 'instances', `tcewatch-${nowNs}`);
  await tracefs.make(directory);
  try {
    for (const trigger of triggersFor(scope)) {
      await tracefs.append(triggerPath(directory, trigger.event), triggerCommand(trigger, size));
    }
    return { directory, madeNs: nowNs, scope, hold: await hold(tracefs, directory) };
  } catch (error) {
    await tracefs.removeInstance(directory);
    throw error;
  }
}

/** Lets go of an instance that is not to count any more; returns a problem, if it could not be removed. */
export async function removeInstance(tracefs: Tracefs, instance: Instance): Promise<string[]> {
  await instance.hold.close();
  return tracefs.removeInstance(instance.directory);
}

/** Exit is read before enter: a call in flight may count as entered and not yet as punted, never the reverse. */
export async function readInstance(tracefs: Tracefs, { directory }: Instance): Promise<HistTexts> {
  const read = async (event: string) => {
    const path = join(eventDirectory(directory, event), 'hist');
    if (!(await tracefs.exists(directory))) throw gone('instance-removed', directory);
    const text = await tracefs.read(path);
    if (text === '') throw gone('trigger-removed', path);
    return text;
  };
  const exit = await read(EXIT_EVENT);
  return { exit, enter: await read(ENTER_EVENT) };
}

async function findTracefs({ tracefs, root }: InstanceOptions): Promise<string> {
  for (const mountPoint of MOUNT_POINTS) {
    const tracing = join(root, mountPoint);
    if (await tracefs.exists(join(tracing, 'instances'))) return tracing;
  }
  throw new SourceError(
    'not-mounted',
    `there is no tracefs in ${join(root, 'sys/kernel/tracing')}: mount it with ` +
      '"mount -t tracefs nodev /sys/kernel/tracing"',
  );
}

/** The directories of ours below `instances`, the newest first, and the uptime that their names hold. */
async function ownDirectories(tracefs: Tracefs, instances: string): Promise<Pick<Instance, 'directory' | 'madeNs'>[]> {
  const names = await tracefs.list(instances);
  return names
    .flatMap((name) => {
      const made = OURS.exec(name)?.[1];
      return made === undefined ? [] : [{ directory: join(instances, name), madeNs: BigInt(made) }];
    })
    .sort((a, b) => Number(b.madeNs - a.madeNs));
}

/** How an instance is keyed that has both triggers as they should be; one that somebody paused is set going again. */
async function resumed(tracefs: Tracefs, directory: string): Promise<EnterScope | undefined> {
  for (const scope of ['one', 'all'] as const) {
    const states = await Promise.all(
      triggersFor(scope).map(async (trigger) => {
        const path = triggerPath(directory, trigger.event);
        // Without the event, kvm_hv was unloaded since the instance was made.
        const text = (await tracefs.exists(path)) ? await tracefs.read(path) : '';
        return { trigger, path, state: triggerState(trigger, text) };
      }),
    );
    if (states.some(({ state }) => state === undefined)) continue;
    for (const { trigger, path, state } of states) {
      if (state === 'paused') await tracefs.append(path, resumeCommand(trigger));
    }
    return scope;
  }
  return undefined;
}

function hold(tracefs: Tracefs, directory: string): Promise<Hold> {
  return tracefs.hold(join(directory, 'tracing_on'));
}

function triggerPath(directory: string, event: string): string {
  return join(eventDirectory(directory, event), 'trigger');
}

function eventDirectory(directory: string, event: string): string {
  return join(directory, 'events/kvm_hv', event);
}
