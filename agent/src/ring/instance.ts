/**
 * The tracefs instances of a ring. Each counter has one of its own with one event, filtered to exactly the calls that
 * it counts: the kernel numbers the events that an instance lost, but not by kind, so both counters know their losses
 * to the call.
 */
import { join } from 'node:path';
import { AgentError } from '../errors.js';
import type { HypercallFormats } from './decode/events.js';
import { parseFormat } from './decode/format.js';
import { RING_COUNTERS } from './counts.js';
import { eventDirectory } from '../tracefs/instances.js';
import type { InstanceSpec } from '../tracefs/instances.js';
import type { Tracefs } from '../tracefs/tracefs.js';
import type { TriggerSpec } from '../tracefs/triggers.js';

/** Place and kind of the instances. */
export interface RingPlace {
  tracefs: Tracefs;
  /** Mount point of tracefs. */
  tracing: string;
  /** Prefix of the instances' names, `PREFIX-NUMBER-ROLE`. */
  prefix: string;
  /**
   * Triggers and errors; the first two triggers are on the events of calls that enter, and of those that are punted.
   */
  kind: InstanceSpec;
}

/** An event, and the filter on it. */
export type RingEvent = Pick<TriggerSpec, 'system' | 'event' | 'filter'>;

export interface RingInstance {
  directory: string;
  events: readonly RingEvent[];
}

/** Instances of a ring in the order of RING_COUNTERS, which are their roles. */
export type Ring = readonly RingInstance[];

/** Shape of an instance's buffers. */
export interface RingShape {
  /** KiB of each CPU's buffer; the kernel rounds up to whole sub-buffers, of which there are at least two. */
  kbPerCpu: number;
}

/**
 * Clock of the events: the kernel's that is one for all CPUs and is Node's own as well (CLOCK_MONOTONIC), so that "all
 * events until now" can be asked for. `boot` differs from it where a host was suspended.
 */
const CLOCK = 'mono';

/**
 * Makes the instances of both counters and enables their events, entered first: a call in between is counted as entered
 * alone. Leaves nothing behind when that fails. Throws AgentError.
 */
export function makeRing(place: RingPlace, number: bigint, shape: RingShape): Promise<Ring> {
  return make(place.tracefs, ringAt(place, number), shape);
}

/** Removes all rings that are not in use; resolves to what could not be removed, as problems. */
export async function removeRings(place: RingPlace): Promise<string[]> {
  return removeRing((await ringsLeft(place)).flat(), place.tracefs);
}

/** Finds each ring that is there already, maybe in part, whoever made it. */
async function ringsLeft(place: RingPlace): Promise<Ring[]> {
  const numbers = RING_COUNTERS.map((role) => numbersLeft(place, role));
  const [entered, punted] = await Promise.all(numbers);
  const present = [entered ?? new Set(), punted ?? new Set()];
  return [...new Set(present.flatMap((each) => [...each]))].map((number) =>
    ringAt(place, number).filter((_, i) => present[i]?.has(number)),
  );
}

/** Removes a ring; resolves to what could not be removed, as problems. */
export async function removeRing(ring: Ring, tracefs: Tracefs): Promise<string[]> {
  const problems: string[] = [];
  for (const { directory } of ring) problems.push(...(await tracefs.removeInstance(directory)));
  return problems;
}

/** Reads the formats of the events. Throws AgentError `kvm-hv-not-loaded` where the kernel lacks one. */
export async function readFormats(place: RingPlace): Promise<HypercallFormats> {
  const { enter, exit } = eventsOf(place);
  return { kvm_hcall_enter: await readFormat(place, enter), kvm_hcall_exit: await readFormat(place, exit) };
}

/** Makes the instances in their order: a call in between is written to those before alone. */
async function make(tracefs: Tracefs, ring: Ring, { kbPerCpu }: RingShape): Promise<Ring> {
  const made: RingInstance[] = [];
  try {
    for (const instance of ring) {
      await tracefs.make(instance.directory);
      made.push(instance);
      await write(tracefs, instance, 'trace_clock', CLOCK);
      await write(tracefs, instance, 'buffer_size_kb', String(kbPerCpu));
      await write(tracefs, instance, 'options/overwrite', '1');
      await filter(tracefs, instance);
    }
    for (const instance of ring) await enable(tracefs, instance);
  } catch (error) {
    await removeRing(made, tracefs);
    throw error;
  }
  return ring;
}

function ringAt(place: RingPlace, number: bigint): Ring {
  const { enter, exit } = eventsOf(place);
  return [enter, exit].map((event, i) => ({
    directory: pathOf(place, number, RING_COUNTERS[i] ?? ''),
    events: [event],
  }));
}

function pathOf({ tracing, prefix }: RingPlace, number: bigint, role: string): string {
  return join(tracing, 'instances', `${prefix}-${number}-${role}`);
}

async function numbersLeft({ tracefs, tracing, prefix }: RingPlace, role: string): Promise<Set<bigint>> {
  const ours = new RegExp(`^${prefix}-(\\d{1,19})-${role}$`);
  const names = await tracefs.list(join(tracing, 'instances'));
  return new Set(names.flatMap((name) => ours.exec(name)?.[1] ?? []).map(BigInt));
}

function eventsOf({ kind }: RingPlace): Record<'enter' | 'exit', RingEvent> {
  const [enter, exit] = kind.triggers;
  if (!enter || !exit) throw new RangeError('a ring is made of two events');
  return { enter, exit };
}

async function readFormat({ tracefs, tracing }: RingPlace, event: RingEvent) {
  return parseFormat(await tracefs.read(join(eventDirectory(tracing, event), 'format')));
}

async function filter(tracefs: Tracefs, instance: RingInstance): Promise<void> {
  for (const event of instance.events) {
    if (event.filter !== '') await write(tracefs, instance, eventFile(event, 'filter'), event.filter);
  }
}

async function enable(tracefs: Tracefs, instance: RingInstance): Promise<void> {
  for (const event of instance.events) await write(tracefs, instance, eventFile(event, 'enable'), '1');
}

/** Returns the path of an event's file relative to the instance. */
function eventFile(event: RingEvent, file: string): string {
  return join(eventDirectory('', event), file);
}

async function write(tracefs: Tracefs, { directory }: RingInstance, file: string, value: string): Promise<void> {
  const path = join(directory, file);
  await tracefs.append(path, value).catch((error: unknown) => {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'ENOMEM') throw error;
    const why =
      code === 'ENOMEM' ? 'it has not the memory: make --ring-kb-per-cpu smaller' : 'this kernel does not know it';
    throw new AgentError('ring-refused', `the kernel refused ${JSON.stringify(value)} in ${path}: ${why}`, {
      cause: error,
    });
  });
}
