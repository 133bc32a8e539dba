/** Private tracefs instances that count with hist triggers: finding or making them, and reading them. */
import { join } from 'node:path';
import type { HistTrigger } from './hist/trigger.js';
import { AgentError } from '../errors.js';
import { Tracefs, absent, gone } from './tracefs.js';
import type { AbsentEvents, Hold } from './tracefs.js';
import { heldTrigger, resumeCommand, triggerCommand } from './triggers.js';
import type { TriggerSpec } from './triggers.js';

/** Mount points of tracefs; the second is its place on hosts that mount debugfs alone. */
export const MOUNT_POINTS = ['sys/kernel/tracing', 'sys/kernel/debug/tracing'] as const;

/** Specification of what an instance counts, and for whom. */
export interface InstanceSpec {
  /**
   * Prefix of the name, which goes on with the uptime in nanoseconds at which the instance was made: its counters'
   * epoch began there.
   */
  prefix: string;
  /** Triggers in the order in which they are set. */
  triggers: readonly TriggerSpec[];
  /** Error for a kernel that has not the events. */
  withoutEvents: AbsentEvents;
}

/** A directory of ours below `instances`, and the uptime that its name holds, in nanoseconds. */
interface OwnDirectory {
  directory: string;
  madeNs: bigint;
}

/** An instance that has all triggers of its kind, and no others. */
export interface FoundInstance<K extends InstanceSpec> extends OwnDirectory {
  kind: K;
  /** Entries of each histogram. */
  size: number;
  /** Triggers that somebody paused. */
  paused: readonly TriggerSpec[];
}

/** An instance that is in use. */
export interface HeldInstance {
  directory: string;
  /**
   * A file of the instance that is kept open. So long, the kernel lets nobody remove the instance (EBUSY); when the
   * agent ends, however it ends, its next life can.
   */
  hold: Hold;
}

export interface Instance<K extends InstanceSpec = InstanceSpec> extends OwnDirectory, HeldInstance {
  kind: K;
}

/** An instance, and what is left of others and could not be removed. */
export interface OpenedInstance<K extends InstanceSpec = InstanceSpec> {
  instance: Instance<K>;
  problems: string[];
}

/** Place of an instance, and size of its histograms. */
export interface Place {
  tracefs: Tracefs;
  root: string;
  /** Entries of each histogram. */
  size: number;
}

export interface InstanceOptions<K extends InstanceSpec> extends Place {
  kind: K;
  /** Uptime now, in nanoseconds. */
  nowNs: bigint;
}

/**
 * Options to open an instance. `kinds` have one prefix; an instance of any is resumed, and one of the first is made.
 */
export interface OpenOptions<K extends InstanceSpec> extends Omit<InstanceOptions<K>, 'kind'> {
  kinds: readonly [K, ...K[]];
}

/**
 * Resumes the newest instance that still counts and that `isWanted`, so that an agent that was killed has lost nothing;
 * else makes one. What is left of others of these kinds is removed, since each costs time in every hypercall. Throws
 * AgentError.
 */
export async function openInstance<K extends InstanceSpec>(
  { kinds, ...options }: OpenOptions<K>,
  isWanted: (found: FoundInstance<K>) => boolean,
): Promise<OpenedInstance<K>> {
  const { tracefs, root } = options;
  let instance: Instance<K> | undefined;
  const problems: string[] = [];
  for (const own of await ownDirectories(tracefs, root, kinds[0].prefix)) {
    const found = instance ? undefined : await recognised(tracefs, own, kinds);
    if (found && isWanted(found)) instance = await resumed(tracefs, found);
    else problems.push(...(await tracefs.removeInstance(own.directory)));
  }
  return { instance: instance ?? (await makeInstance({ ...options, kind: kinds[0] })), problems };
}

/** Makes a new instance that counts. Throws AgentError, and then leaves nothing behind. */
export async function makeInstance<K extends InstanceSpec>(options: InstanceOptions<K>): Promise<Instance<K>> {
  const { kind, nowNs } = options;
  return { ...(await countIn(`${kind.prefix}-${nowNs}`, kind, options)), madeNs: nowNs, kind };
}

/** Makes an instance of any name that counts. Throws AgentError, and then leaves nothing behind. */
export async function countIn(name: string, kind: InstanceSpec, { tracefs, root, size }: Place): Promise<HeldInstance> {
  const tracing = await findTracefs(root, tracefs);
  for (const trigger of kind.triggers) {
    const events = eventDirectory(tracing, trigger);
    if (!(await tracefs.exists(events))) throw absent(kind.withoutEvents, events);
  }
  const directory = join(tracing, 'instances', name);
  await tracefs.make(directory);
  try {
    await setTriggers(tracefs, directory, kind.triggers, size);
    return { directory, hold: await hold(tracefs, directory) };
  } catch (error) {
    await tracefs.removeInstance(directory);
    throw error;
  }
}

/** Sets triggers in this order; `size`: entries of each histogram. Throws AgentError. */
export async function setTriggers(
  tracefs: Tracefs,
  directory: string,
  triggers: readonly TriggerSpec[],
  size: number,
): Promise<void> {
  for (const trigger of triggers) {
    await tracefs.append(triggerPath(directory, trigger), triggerCommand(trigger, size));
  }
}

/** Removes an instance that is not to count any more; returns a problem, if it could not be removed. */
export async function removeInstance(tracefs: Tracefs, { directory, hold }: HeldInstance): Promise<string[]> {
  await hold.close();
  return tracefs.removeInstance(directory);
}

/** Finds the newest instance that counts for one of these kinds, whoever made it. Changes nothing. */
export async function newestInstance<K extends InstanceSpec>(
  tracefs: Tracefs,
  root: string,
  kinds: readonly [K, ...K[]],
): Promise<FoundInstance<K> | undefined> {
  for (const own of await ownDirectories(tracefs, root, kinds[0].prefix)) {
    const found = await recognised(tracefs, own, kinds);
    if (found) return found;
  }
  return undefined;
}

/** Reads the histogram of a trigger, as the kernel prints it. */
export async function readHist(tracefs: Tracefs, directory: string, trigger: TriggerSpec): Promise<string> {
  const path = join(eventDirectory(directory, trigger), 'hist');
  if (!(await tracefs.exists(directory))) throw gone('instance-removed', directory);
  const text = await tracefs.read(path);
  if (text === '') throw gone('trigger-removed', path);
  return text;
}

/** Finds where tracefs is mounted below `root`. Throws AgentError `not-mounted`. */
export async function findTracefs(root: string, tracefs = new Tracefs()): Promise<string> {
  for (const mountPoint of MOUNT_POINTS) {
    const tracing = join(root, mountPoint);
    if (await tracefs.exists(join(tracing, 'instances'))) return tracing;
  }
  throw new AgentError(
    'not-mounted',
    `there is no tracefs in ${join(root, 'sys/kernel/tracing')}: mount it with ` +
      '"mount -t tracefs nodev /sys/kernel/tracing"',
  );
}

export function eventDirectory(directory: string, { system, event }: Pick<TriggerSpec, 'system' | 'event'>): string {
  return join(directory, 'events', system, event);
}

/** Lists our directories, the newest first. Matches the prefix exactly: `tcewatch-liobns` is no `tcewatch`. */
async function ownDirectories(tracefs: Tracefs, root: string, prefix: string): Promise<OwnDirectory[]> {
  const instances = join(await findTracefs(root, tracefs), 'instances');
  const ours = new RegExp(`^${prefix}-(\\d{1,19})$`);
  return (await tracefs.list(instances))
    .flatMap((name) => {
      const made = ours.exec(name)?.[1];
      return made === undefined ? [] : [{ directory: join(instances, name), madeNs: BigInt(made) }];
    })
    .sort((a, b) => Number(b.madeNs - a.madeNs));
}

async function recognised<K extends InstanceSpec>(
  tracefs: Tracefs,
  own: OwnDirectory,
  kinds: readonly K[],
): Promise<FoundInstance<K> | undefined> {
  for (const kind of kinds) {
    const set = await heldTriggers(tracefs, own.directory, kind.triggers);
    if (!set) continue;
    const paused = kind.triggers.filter((_, i) => set[i]?.state === 'paused');
    return { ...own, kind, size: Math.min(...set.map(({ size }) => size)), paused };
  }
  return undefined;
}

/** Returns these triggers as the kernel holds them; undefined when one of them is not there, or is not alone. */
export async function heldTriggers(
  tracefs: Tracefs,
  directory: string,
  triggers: readonly TriggerSpec[],
): Promise<HistTrigger[] | undefined> {
  const held = await Promise.all(
    triggers.map(async (trigger) => {
      const path = triggerPath(directory, trigger);
      // Without the event, its module was unloaded since the instance was made.
      return heldTrigger(trigger, (await tracefs.exists(path)) ? await tracefs.read(path) : '');
    }),
  );
  const set = held.filter((trigger) => trigger !== undefined);
  return set.length < held.length ? undefined : set;
}

/** Resumes the triggers that somebody paused. */
async function resumed<K extends InstanceSpec>(
  tracefs: Tracefs,
  { directory, madeNs, kind, paused }: FoundInstance<K>,
): Promise<Instance<K>> {
  for (const trigger of paused) await tracefs.append(triggerPath(directory, trigger), resumeCommand(trigger));
  return { directory, madeNs, kind, hold: await hold(tracefs, directory) };
}

function hold(tracefs: Tracefs, directory: string): Promise<Hold> {
  return tracefs.hold(join(directory, 'tracing_on'));
}

export function triggerPath(directory: string, trigger: TriggerSpec): string {
  return join(eventDirectory(directory, trigger), 'trigger');
}
